// The open store as lib/ uses it: promises over the addon's handle, errors turned into ours, who
// waits for which queued change, and that closing waits for what is under way.

// Of the module: somebody who tests with timers of his own replaces the global ones.
const { setImmediate } = require('node:timers')
const { fromNative } = require('./errors.js')
const { callNative } = require('./native.js')

class Vault {
  #native
  /** Those who wait for changes that the addon has queued, in the order of the queue. */
  #waiting = []
  #committing = false
  #scheduled = false
  #underWay = 0
  #idle
  /** Work on the whole store, one after another: none waits for another on a thread of the pool. */
  #work = Promise.resolve()

  constructor(native) {
    this.#native = native
  }

  static async open(root, password, options, listener) {
    try {
      const open = (addon) => addon.openVault(root, password, options, listener)
      return new Vault(await callNative('initialize', open))
    } catch (thrown) {
      throw fromNative(thrown, 'initialize')
    }
  }

  /** Calls the addon and returns what it returns. */
  call(operation, body) {
    try {
      return body(this.#native)
    } catch (thrown) {
      throw fromNative(thrown, operation)
    }
  }

  /** Calls the addon for a promise. */
  async run(operation, body) {
    this.#underWay += 1
    try {
      return await body(this.#native)
    } catch (thrown) {
      throw fromNative(thrown, operation)
    } finally {
      this.#done(1)
    }
  }

  /** Like `run`, after all such work that was asked for before. */
  maintain(operation, body) {
    const work = this.#work.then(() => this.run(operation, body))
    this.#underWay += 1
    this.#work = work.then(
      () => this.#done(1),
      () => this.#done(1),
    )
    return work
  }

  /** A promise of the change that `queue` gives to the addon. */
  change(operation, queue) {
    this.call(operation, queue)
    this.#underWay += 1
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, resolve, reject })
      this.#schedule()
    })
  }

  /** Waits for what is under way. */
  async settle() {
    while (this.#underWay > 0) {
      await new Promise((resolve) => {
        this.#idle = resolve
      })
    }
  }

  /** Closes the store; nothing may be under way. */
  async close() {
    try {
      await this.#native.close()
    } catch (thrown) {
      throw fromNative(thrown, 'close')
    }
  }

  // Once a turn: those who were waiting for the last group have then asked for their next change.
  #schedule() {
    if (this.#committing || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#commit()
    })
  }

  async #commit() {
    const group = this.#waiting
    this.#waiting = []
    this.#committing = true
    let failures = []
    try {
      failures = await this.#native.commitQueued()
    } catch (thrown) {
      failures = group.map((_, index) => ({ index, code: thrown?.code, message: thrown?.message }))
    }
    this.#committing = false
    const failed = new Map(failures.map((failure) => [failure.index, failure]))
    group.forEach(({ operation, resolve, reject }, index) => {
      const failure = failed.get(index)
      if (failure === undefined) resolve()
      else reject(fromNative(failure, operation))
    })
    this.#done(group.length)
    if (this.#waiting.length > 0) this.#schedule()
  }

  #done(count) {
    this.#underWay -= count
    if (this.#underWay === 0) {
      this.#idle?.()
      this.#idle = undefined
    }
  }
}

module.exports = { Vault }
