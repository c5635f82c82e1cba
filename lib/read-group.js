// Reads that memory did not answer and that are answered together. Each of their callers waits for
// the one promise of the group, and then takes what is its own.

const { performance } = require('node:perf_hooks')
const { fromNative } = require('./errors.js')

/** @typedef {{ index: number, code: string, message: string }} Failure */

class ReadGroup {
  /** How many reads there are. */
  calls = 0
  /** When the first of them was called for. */
  began = performance.now()
  #settle
  #answers = new Promise((resolve) => {
    this.#settle = resolve
  })

  /** Adds a read, and waits for its answer. */
  async add(operation) {
    const index = this.calls++
    const { values, failures } = await this.#answers
    if (failures.length > 0) {
      const failure = failures.find((one) => one.index === index)
      if (failure !== undefined) throw fromNative(failure, operation)
    }
    return values[index]
  }

  /**
   * @param {unknown[]} values of all reads, in the order of their calls
   * @param {Failure[]} [failures]
   */
  settle(values, failures = []) {
    this.#settle({ values, failures })
  }

  /** Fails all of it. */
  fail({ code, message } = {}) {
    const failures = Array.from({ length: this.calls }, (_, index) => ({ index, code, message }))
    this.settle([], failures)
  }
}

module.exports = { ReadGroup }
