// Waiting that can be given up. What was begun goes on; only nobody waits for it any more.
//
// One signal may be given to any number of calls, and Node warns of a leak where something has
// many listeners: so a signal gets one, which knows everybody who waits.

const { AbortError } = require('./errors.js')

/** @type {WeakMap<AbortSignal, Waiting>} */
const waitingFor = new WeakMap()

/** Everybody who waits until a signal is aborted. Listens as long as there is anybody. */
class Waiting {
  #signal
  #calls = new Set()
  #abort = () => {
    for (const giveUp of this.#calls) giveUp()
  }

  static on(signal) {
    const known = waitingFor.get(signal)
    if (known !== undefined) return known
    const fresh = new Waiting(signal)
    waitingFor.set(signal, fresh)
    return fresh
  }

  constructor(signal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  add(giveUp) {
    this.#calls.add(giveUp)
  }

  remove(giveUp) {
    this.#calls.delete(giveUp)
    if (this.#calls.size > 0) return
    this.#signal.removeEventListener('abort', this.#abort)
    waitingFor.delete(this.#signal)
  }
}

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
    const giveUp = () =>
      reject(new AbortError('the operation was aborted', { operation, cause: signal.reason }))
    if (signal.aborted) giveUp()
    const waiting = Waiting.on(signal)
    waiting.add(giveUp)
    promise.finally(() => waiting.remove(giveUp)).then(resolve, reject)
  })
}

module.exports = { abortable }
