// Does something regularly, called by the addon's timer thread. Never twice at once: the next call
// waits until the last is done, and times that passed meanwhile are left out. The timer keeps
// neither the process alive nor an object that its user has forgotten.

const { callNative } = require('../native.js')

class Sweeper {
  #ticker
  #running

  /**
   * @param {number} period milliseconds
   * @param {(owner: object) => Promise<void>} sweep never rejects
   * @param {object} owner held weakly, and given to `sweep`, which must not hold it either
   */
  constructor(period, sweep, owner) {
    const [self, weakOwner] = [new WeakRef(this), new WeakRef(owner)]
    const tick = () => self.deref()?.#tick(sweep, weakOwner.deref())
    this.#ticker = callNative('start', ({ NativeTicker }) => new NativeTicker(period, tick))
  }

  /** Starts no sweep any more, and waits for the one in progress. */
  async stop() {
    const ticker = this.#ticker
    this.#ticker = undefined
    if (ticker !== undefined) callNative('stop', () => ticker.stop())
    await this.#running
  }

  #tick(sweep, owner) {
    if (this.#ticker === undefined || owner === undefined || this.#running !== undefined) return
    this.#running = sweep(owner).finally(() => {
      this.#running = undefined
      if (this.#ticker !== undefined) callNative('sweep', () => this.#ticker.done())
    })
  }
}

module.exports = { Sweeper }
