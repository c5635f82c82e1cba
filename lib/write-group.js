// Writes that are called for in one go of JavaScript are committed together. Each of their callers
// waits for the one promise of the group, and then looks whether it was its own write that failed.

const { fromNative } = require('./errors.js')

class WriteGroup {
  /** How many writes there are. */
  calls = 0
  /** About how many bytes. */
  bytes = 0
  /** When the first of them was called for; 0 where nobody looked. */
  began
  #settle
  /** The failures by the number of the write; undefined where there are none. */
  #failures = new Promise((resolve) => {
    this.#settle = resolve
  })

  constructor(began) {
    this.began = began
  }

  /** Adds a write, and waits for it. */
  async add(operation, bytes) {
    const index = this.calls++
    this.bytes += bytes
    const failures = await this.#failures
    const failure = failures?.get(index)
    if (failure !== undefined) throw fromNative(failure, operation)
  }

  /** @param {{ index: number, code: string, message: string }[]} [failures] */
  settle(failures) {
    const some = failures !== undefined && failures.length > 0
    this.#settle(some ? new Map(failures.map((failure) => [failure.index, failure])) : undefined)
  }

  /** Fails all of it. */
  fail({ code, message } = {}) {
    this.settle(Array.from({ length: this.calls }, (_, index) => ({ index, code, message })))
  }
}

module.exports = { WriteGroup }
