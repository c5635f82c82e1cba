// The open database as lib/ uses it: promises over the addon's handle, errors turned into ours, and
// the bookkeeping that the addon leaves to JavaScript: who waits for which queued write, and that
// closing waits for what is under way.

const { errorOf, fromNative } = require('./errors.js')
const { callNative, newBatch } = require('./native.js')

/** What a write survives, as the addon numbers it. */
const LEVELS = { process: 0, interval: 1, sync: 2 }

class NativeDb {
  #native
  /** Those who wait for writes that the addon has queued, in the order of the queue. */
  #waiting = []
  #committing = false
  #scheduled = false
  #underWay = 0
  #idle

  constructor(native) {
    this.#native = native
  }

  /** @param {{ shared: boolean } & Record<string, unknown>} options */
  static async open(location, { shared, ...options }) {
    const pending = callNative('open', (addon) => addon.openDatabase(location, options, shared))
    try {
      return new NativeDb(await pending)
    } catch (thrown) {
      throw fromNative(thrown, 'open')
    }
  }

  /** Waits for what is under way, then gives this hold up. */
  async close() {
    while (this.#underWay > 0) {
      await new Promise((resolve) => {
        this.#idle = resolve
      })
    }
    return this.run('close', (native) => native.close())
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

  /** The value, undefined where there is none; a promise only where the disk must be asked. */
  get(key, asText, snapshot) {
    const cached = this.call('get', (native) => native.getIfCached(key, asText, snapshot))
    return cached === null
      ? this.run('get', (native) => native.get(key, asText, snapshot))
      : cached
  }

  /** Nothing where the write is made, otherwise a promise of it. */
  put(key, value, level) {
    if (!this.call('put', (native) => native.put(key, value, level))) return this.queued('put')
  }

  del(key, level) {
    if (!this.call('del', (native) => native.del(key, level))) return this.queued('del')
  }

  write(batch, level) {
    if (!this.call('batch', (native) => native.write(batch, level))) return this.queued('batch')
  }

  /** A promise of the write that was queued last. */
  queued(operation) {
    this.#underWay += 1
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, resolve, reject })
      this.#schedule()
    })
  }

  // Once a tick: those who were waiting for the last group have then asked for their next write.
  #schedule() {
    if (this.#committing || this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
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
    const more = this.#native.committed()
    const failed = new Map(failures.map((failure) => [failure.index, failure]))
    group.forEach(({ operation, resolve, reject }, index) => {
      const failure = failed.get(index)
      if (failure === undefined) resolve()
      else reject(fromNative(failure, operation))
    })
    this.#done(group.length)
    if (more) this.#schedule()
  }

  #done(count) {
    this.#underWay -= count
    if (this.#underWay === 0) {
      this.#idle?.()
      this.#idle = undefined
    }
  }
}

/** What there is to say when a database that is not open is used. */
function notOpen(operation) {
  return errorOf('LEVEL_DATABASE_NOT_OPEN', 'the database is not open', { operation })
}

module.exports = { LEVELS, NativeDb, newBatch, notOpen }
