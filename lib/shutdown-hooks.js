// Ends a process in order when the system asks for it: stops and closes what it is given, one after
// the other and within a time limit, and then lets the process end by itself. A second signal ends
// it at once.

const { errorOf } = require('./errors.js')
const { checkNames } = require('./option-names.js')

const SIGNALS = ['SIGINT', 'SIGTERM']
const GRACE_MS = 10_000
/** Timers of Node know no later time: 24 days. */
const LATEST_MS = 2 ** 31 - 1

/** What is to be done at a signal. However much it is, the process has one listener. */
const ends = new Set()
const atSignal = () => {
  for (const end of [...ends]) end()
}

function listen(end) {
  if (ends.size === 0) for (const signal of SIGNALS) process.on(signal, atSignal)
  ends.add(end)
}

function unlisten(end) {
  if (!ends.delete(end) || ends.size > 0) return
  for (const signal of SIGNALS) process.removeListener(signal, atSignal)
}

/**
 * @param {...any} things with `stop`, `close` or both, in the order in which they are to end; at
 *   last, if anything, an object of options
 * @returns {() => void} takes the hooks back
 */
function installShutdownHooks(...things) {
  const given = isThing(things.at(-1)) ? {} : (things.pop() ?? {})
  const { timeLimit = GRACE_MS, onError = () => {} } = given
  if (typeof given !== 'object') throw invalid('takes things that can be stopped or closed')
  checkNames('installShutdownHooks', given, ['timeLimit', 'onError'])
  if (!things.every(isThing)) throw invalid('takes things that can be stopped or closed')
  if (!Number.isFinite(timeLimit) || timeLimit <= 0) throw invalid('needs a timeLimit above 0')
  if (typeof onError !== 'function') throw invalid('needs a function as onError')

  const limit = Math.min(timeLimit, LATEST_MS)
  let ending = false
  const uninstall = () => unlisten(end)
  const end = async () => {
    if (ending) process.exit(1)
    ending = true
    // Whatever else is open, or does not end: after the limit there is no waiting any more.
    let whole = false
    setTimeout(() => process.exit(whole ? process.exitCode : 1), limit).unref()
    // Something must keep the process alive while things end that do not by themselves.
    const alive = setInterval(() => {}, limit)
    for (const thing of things) {
      try {
        await thing.stop?.()
        await thing.close?.()
      } catch (error) {
        process.exitCode = 1
        report(onError, error)
      }
    }
    whole = true
    clearInterval(alive)
    uninstall()
  }
  listen(end)
  return uninstall
}

function isThing(value) {
  return typeof value?.stop === 'function' || typeof value?.close === 'function'
}

function report(onError, error) {
  try {
    onError(error)
  } catch {
    // The other things are ended all the same.
  }
}

function invalid(rule) {
  return errorOf('INVALID_PARAMETERS', `installShutdownHooks ${rule}`, {
    operation: 'installShutdownHooks',
  })
}

module.exports = { installShutdownHooks }
