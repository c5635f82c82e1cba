// How a store is, as all stores say it: asking never fails. What goes wrong with it, be it that a
// caller stopped waiting, is an answer.

const { callOptions, throwIfAborted } = require('./arguments.js')

const OPERATION = 'getHealth'

/**
 * @param {unknown} options of the call
 * @param {Record<string, unknown>} details that there are in any case
 * @param {(operation: string, options: { signal?: AbortSignal }) =>
 *   Promise<{ status: string, details?: Record<string, unknown> }>} ask
 */
async function healthOf(options, details, ask) {
  try {
    const checked = callOptions(OPERATION, options)
    throwIfAborted(OPERATION, checked)
    const health = await ask(OPERATION, checked)
    return { status: health.status, details: { ...details, ...health.details } }
  } catch (error) {
    const { code, message } = error
    return { status: 'unhealthy', details: { ...details, code, error: message } }
  }
}

module.exports = { healthOf }
