// The open database as lib/ uses it: promises over the addon's handle, errors turned into ours, and
// the bookkeeping that the addon leaves to JavaScript: who waits for which queued write, and that
// closing waits for what is under way.

const { performance } = require('node:perf_hooks')
const { setTimeout: delay } = require('node:timers/promises')
const { errorOf, fromNative } = require('./errors.js')
const { seriesOf } = require('./metrics/instruments.js')
const { callNative, newBatch, newRecordBatch } = require('./native.js')

/** What a write survives, as the addon numbers it. */
const LEVELS = { process: 0, interval: 1, sync: 2 }

/** Milliseconds between two attempts to get a lock. */
const LOCK_PAUSE = 25

class NativeDb {
  #native
  /** Those who wait for writes that the addon has queued, in the order of the queue. */
  #waiting = []
  #committing = false
  #scheduled = false
  #underWay = 0
  #idle
  #series
  /** How those who count find this database. */
  #counted = new WeakRef(this)
  /** When the first of those who wait began to. */
  #waitingSince = 0

  constructor(native, series) {
    this.#native = native
    this.#series = series
    series.databases.add(this.#counted)
  }

  /**
   * @param {string} location
   * @param {{ shared: boolean, lockTimeout?: number } & Record<string, unknown>} options
   *   `lockTimeout`: milliseconds for which a locked directory is tried again
   */
  static async open(location, { shared, lockTimeout = 0, metricsLabels, ...options }) {
    const series = seriesOf(metricsLabels)
    const deadline = Date.now() + lockTimeout
    for (;;) {
      try {
        const pending = callNative('open', (addon) => addon.openDatabase(location, options, shared))
        return new NativeDb(await pending, series)
      } catch (thrown) {
        const left = deadline - Date.now()
        if (thrown?.code !== 'LEVEL_LOCKED' || left <= 0) throw fromNative(thrown, 'open')
        await delay(Math.min(left, LOCK_PAUSE))
      }
    }
  }

  /** Waits for what is under way, then gives this hold up. */
  async close() {
    while (this.#underWay > 0) {
      await new Promise((resolve) => {
        this.#idle = resolve
      })
    }
    this.#series.databases.delete(this.#counted)
    return this.run('close', (native) => native.close())
  }

  /** The file handles that the engine holds, and of which database. */
  openFiles() {
    return this.#native.openFiles()
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
    const started = this.#series.reads.begin()
    const cached = this.call('get', (native) => native.getIfCached(key, asText, snapshot))
    if (cached === null) return this.#read('get', (native) => native.get(key, asText, snapshot))
    this.#series.reads.end(started)
    return cached
  }

  /** Nothing where the write is made, otherwise a promise of it. */
  put(key, value, level) {
    const started = this.#series.writes.begin()
    if (!this.call('put', (native) => native.put(key, value, level))) return this.queued('put')
    this.#series.writes.end(started)
  }

  del(key, level) {
    const started = this.#series.writes.begin()
    if (!this.call('del', (native) => native.del(key, level))) return this.queued('del')
    this.#series.writes.end(started)
  }

  write(batch, level) {
    const started = this.#series.writes.begin()
    if (!this.call('batch', (native) => native.write(batch, level))) return this.queued('batch')
    this.#series.writes.end(started)
  }

  /** The record's text, undefined where there is none; a promise only where the disk must be asked. */
  getRecord(operation, { tenant, symbol, authHash }) {
    const started = this.#series.reads.begin()
    const cached = this.call(operation, (native) =>
      native.getRecordIfCached(tenant, symbol, authHash),
    )
    if (cached === null) {
      return this.#read(operation, (native) => native.getRecord(tenant, symbol, authHash))
    }
    this.#series.reads.end(started)
    return cached
  }

  /** Nothing where the record is written, or without a text deleted; otherwise a promise of it. */
  putRecord(operation, { tenant, symbol, authHash }, text, level) {
    const started = this.#series.writes.begin()
    const made = this.call(operation, (native) =>
      native.putRecord(tenant, symbol, authHash, text, level),
    )
    if (!made) return this.queued(operation)
    this.#series.writes.end(started)
  }

  writeRecords(operation, batch, level) {
    const started = this.#series.writes.begin()
    const made = this.call(operation, (native) => native.writeRecords(batch, level))
    if (!made) return this.queued(operation)
    this.#series.writes.end(started)
  }

  /** A read that the disk is asked for. */
  async #read(operation, body) {
    const since = performance.now()
    const value = await this.run(operation, body)
    this.#series.reads.waited(since)
    return value
  }

  /** A promise of the write that was queued last. */
  queued(operation) {
    this.#underWay += 1
    if (this.#waiting.length === 0) this.#waitingSince = performance.now()
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
    const since = this.#waitingSince
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
    this.#series.writes.waited(since, group.length - failures.length)
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

module.exports = { LEVELS, NativeDb, newBatch, newRecordBatch, notOpen }
