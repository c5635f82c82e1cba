// Waiting that can be given up. What was begun goes on; only nobody waits for it any more.

const { AbortError } = require('./errors.js')

/**
 * @template T
 * @param {string} operation
 * @param {{ signal?: AbortSignal }} options
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function abortable(operation, { signal }, promise) {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = () =>
      reject(new AbortError('the operation was aborted', { operation, cause: signal.reason }))
    const done = () => signal.removeEventListener('abort', abort)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    promise.finally(done).then(resolve, reject)
  })
}

module.exports = { abortable }
