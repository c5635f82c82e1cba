// Waiting for a directory that somebody else has: an attempt now and then, until one succeeds, the
// time is over or nobody wants it any more. Between two attempts there is a timer, and that keeps the
// process alive only while somebody is known to wait for what is being opened: a store that opens in
// the background of a program which has come to its end is no reason to go on.

// Of the module: somebody who tests with timers of his own replaces the global ones.
const { clearTimeout, setTimeout } = require('node:timers')

class LockWait {
  #waiting = 0
  #isGivenUp = false
  #timer
  #endPause
  #tellRefusal

  /** What an attempt was refused with; settles with the first that was. */
  refused = new Promise((resolve) => {
    this.#tellRefusal = resolve
  })

  /**
   * The time between an attempt that was refused and the next.
   *
   * @returns {Promise<boolean>} whether there is to be a next one
   */
  async pause(milliseconds, refusal) {
    this.#tellRefusal(refusal)
    if (this.#isGivenUp) return false
    await new Promise((resolve) => {
      this.#endPause = resolve
      this.#timer = setTimeout(resolve, milliseconds)
      if (this.#waiting === 0) this.#timer.unref()
    })
    return !this.#isGivenUp
  }

  /** Somebody waits; what this returns is to be called when that is over. */
  hold() {
    this.#waiting += 1
    this.#timer?.ref()
    return () => {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#timer?.unref()
    }
  }

  giveUp() {
    this.#isGivenUp = true
    clearTimeout(this.#timer)
    this.#endPause?.()
  }
}

module.exports = { LockWait }
