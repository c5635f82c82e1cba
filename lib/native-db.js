// The open database as lib/ uses it: promises over the addon's handle, errors turned into ours, and
// the bookkeeping that the addon leaves to JavaScript: who waits for which write, and that closing
// waits for what is under way.

const { performance } = require('node:perf_hooks')
// Of the module: somebody who tests with timers of his own replaces the global ones.
const { setImmediate } = require('node:timers')
const { errorOf, fromNative } = require('./errors.js')
const { seriesOf } = require('./metrics/instruments.js')
const { callNative, loaded, newBatch } = require('./native.js')
const { ReadGroup } = require('./read-group.js')
const { inItsTurn, rest, restAfterMuch } = require('./turn.js')
const { WriteGroup } = require('./write-group.js')

/** What a write survives, as the addon numbers it. */
const LEVELS = { process: 0, interval: 1, sync: 2 }

/** Milliseconds between two attempts to get a lock. */
const LOCK_PAUSE = 25

/** Gathered writes of so many bytes are committed at once. */
const AT_ONCE = 256 << 10

/** Gathered reads that go to the pool together. */
const READ_TOGETHER = 16

/** Records that are read on this thread in one go. */
const MOST_ON_THE_SPOT = 1000

const SETTLED = Promise.resolve()

class NativeDb {
  #addon = loaded()
  #native
  /** What the addon's functions know it by. */
  #handle
  /** @typedef {{ put: Function, del: Function, record: Function }} BatchCalls */
  #batchCalls = {
    put: (key, value) => this.#addon.batchPut(this.#handle, key, value),
    del: (key) => this.#addon.batchDel(this.#handle, key),
    record: (tenant, symbol, authHash, text, updatedAt) =>
      this.#addon.batchRecord(this.#handle, tenant, symbol, authHash, text, updatedAt),
  }
  /** Writes that the addon has gathered and not begun to commit. */
  #group
  /** Whether a group is being committed on the pool. */
  #committing = false
  /** Reads that the addon has gathered and not begun to answer. */
  #reads
  /** Groups of reads that are on the pool. */
  #readsOnPool = 0
  #underWay = 0
  #idle
  #series
  /** How those who count find this database. */
  #counted = new WeakRef(this)

  constructor(native, series) {
    this.#native = native
    this.#handle = native.handle()
    this.#series = series
    series.databases.add(this.#counted)
  }

  /**
   * @param {string} location
   * @param {{ shared: boolean, lockTimeout?: number } & Record<string, unknown>} options
   *   `lockTimeout`: milliseconds for which a locked directory is tried again
   * @param {import('./lock-wait.js').LockWait} lockWait
   */
  static async open(location, { shared, lockTimeout = 0, metricsLabels, ...options }, lockWait) {
    const series = seriesOf('open', metricsLabels)
    const deadline = Date.now() + lockTimeout
    for (;;) {
      try {
        const pending = callNative('open', (addon) => addon.openDatabase(location, options, shared))
        return new NativeDb(await pending, series)
      } catch (thrown) {
        const left = deadline - Date.now()
        if (thrown?.code !== 'LEVEL_LOCKED' || left <= 0) throw fromNative(thrown, 'open')
        const goesOn = await lockWait.pause(Math.min(left, LOCK_PAUSE), thrown)
        if (!goesOn) throw notOpen('open')
      }
    }
  }

  /** Closing waits until what this returns is called. */
  hold() {
    this.#underWay += 1
    return () => this.#done()
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
    // What was called for before is done before, as far as that needs no waiting.
    if (this.#group !== undefined) this.#commit()
    try {
      return body(this.#native, this.#addon)
    } catch (thrown) {
      throw fromNative(thrown, operation)
    }
  }

  /** Calls the addon for a promise. */
  async run(operation, body) {
    if (this.#reads !== undefined) this.#answer()
    if (this.#group !== undefined) this.#commit()
    this.#underWay += 1
    try {
      return await body(this.#native)
    } catch (thrown) {
      throw fromNative(thrown, operation)
    } finally {
      this.#done()
    }
  }

  /** The value, undefined where there is none; a promise only where something must be waited for. */
  get(key, asText, snapshot) {
    if (snapshot !== undefined) return this.#getAt(key, asText, snapshot)
    const started = this.#series.reads.begin()
    const cached = this.call('get', (_, addon) => addon.tryGet(this.#handle, key, asText))
    if (cached === null) return this.#gatherRead('get')
    this.#series.reads.end(started)
    return inItsTurn(cached)
  }

  #getAt(key, asText, snapshot) {
    const started = this.#series.reads.begin()
    const cached = this.call('get', (native) => native.tryGetAt(key, asText, snapshot))
    if (cached === null) return this.#read('get', (native) => native.get(key, asText, snapshot))
    this.#series.reads.end(started)
    return inItsTurn(cached)
  }

  /** The value at once, waiting for the disk where memory does not have it. */
  getSync(key, asText, snapshot) {
    return this.#readSync('get', (native) => native.getWaiting(key, asText, snapshot))
  }

  /** The values of many keys, all of one moment. */
  getMany(keys, asText, snapshot) {
    const body = (native) => native.getMany(keys, asText, snapshot)
    return this.#read('getMany', body, keys.length)
  }

  /** Which of many keys have a value, all at one moment. */
  hasMany(keys, snapshot) {
    return this.#read('hasMany', (native) => native.hasMany(keys, snapshot), keys.length)
  }

  put(key, value, level) {
    const group = this.#group ?? this.#newGroup()
    this.#gather('put', (addon) => addon.put(this.#handle, key, value, level))
    return this.#gathered(group, 'put', value.byteLength ?? value.length)
  }

  del(key, level) {
    const group = this.#group ?? this.#newGroup()
    this.#gather('del', (addon) => addon.del(this.#handle, key, level))
    return this.#gathered(group, 'del', 0)
  }

  /** Writes what is in a batch, all or nothing, and empties it. */
  write(batch, level) {
    const group = this.#group ?? this.#newGroup()
    this.#gather('batch', () => this.#native.write(batch, level))
    return this.#gathered(group, 'batch', AT_ONCE)
  }

  /** The record's text, undefined where there is none; a promise as for `get`. */
  getRecord(operation, call) {
    const { tenant, symbol, authHash } = call
    const started = this.#series.reads.begin()
    const cached = this.call(operation, (_, addon) =>
      addon.tryGetRecord(this.#handle, tenant, symbol, authHash),
    )
    if (cached === null) return this.#gatherRead(operation)
    this.#series.reads.end(started)
    return inItsTurn(cached)
  }

  /**
   * The texts of many records, undefined where there is none, all of one moment; a promise as for `get`.
   *
   * @param {(string | undefined)[]} names tenant, symbol and hash of one after those of another
   */
  getRecords(operation, names) {
    const count = names.length / 3
    const elsewhere = () => this.#read(operation, (native) => native.getRecords(names), count)
    if (count > MOST_ON_THE_SPOT) return elsewhere()
    const started = this.#series.reads.begin()
    const found = this.call(operation, (_, addon) => addon.tryGetRecords(this.#handle, names))
    if (found === null) return elsewhere()
    this.#series.reads.end(started, count)
    const turn = restAfterMuch()
    return turn === undefined ? found : turn.then(() => found)
  }

  /** The same as `getRecord`, waiting for the disk where memory does not have it. */
  getRecordSync(operation, { tenant, symbol, authHash }) {
    return this.#readSync(operation, (native) => native.getRecordWaiting(tenant, symbol, authHash))
  }

  /**
   * Writes a record, or without a text deletes it. With a time the text lacks the fields that say
   * whose record it is and when it was written, and gets them.
   */
  putRecord(operation, { tenant, symbol, authHash }, text, updatedAt, level) {
    const group = this.#group ?? this.#newGroup()
    this.#gather(operation, (addon) =>
      addon.putRecord(this.#handle, tenant, symbol, authHash, text, updatedAt, level),
    )
    return this.#gathered(group, operation, text === undefined ? 0 : text.length)
  }

  /**
   * Makes writes all or nothing.
   *
   * @param {(add: BatchCalls) => void} fill puts them together, one after the other; it calls nothing
   *   that could use the database meanwhile
   */
  writeTogether(operation, level, fill) {
    const group = this.#group ?? this.#newGroup()
    this.#gather(operation, (addon) => {
      try {
        fill(this.#batchCalls)
        addon.batchGather(this.#handle, level)
      } catch (thrown) {
        addon.batchForget(this.#handle)
        throw thrown
      }
    })
    return this.#gathered(group, operation, AT_ONCE)
  }

  /** Deletes what is in a range, as one write. */
  async clear(body) {
    const since = performance.now()
    await this.run('clear', body)
    this.#series.writes.waited(since)
  }

  /** Reads that the disk is asked for. */
  async #read(operation, body, count = 1) {
    const since = performance.now()
    const value = await this.run(operation, body)
    this.#series.reads.waited(since, count)
    return value
  }

  #readSync(operation, body) {
    const since = performance.now()
    const value = this.call(operation, body)
    this.#series.reads.waited(since)
    return value
  }

  /** Waits for the answer to a read that the addon has just gathered. */
  #gatherRead(operation) {
    const group = this.#reads ?? this.#newReads()
    const answer = group.add(operation)
    if (group.calls === READ_TOGETHER) this.#answerOnPool()
    return answer
  }

  #newReads() {
    const group = new ReadGroup()
    this.#reads = group
    this.#underWay += 1
    // Those who get their answers from the pool in this turn are about to call again.
    if (this.#readsOnPool > 0) setImmediate(this.#answer)
    // After those who are about to call in this go of JavaScript.
    else SETTLED.then(this.#answer)
    return group
  }

  /**
   * Answers gathered reads that are few: here, which is quicker than waking a thread, unless the disk
   * has to be waited for. While others are on the pool that is once in a turn of the event loop, so
   * that callers whose answers are there are not kept waiting.
   */
  #answer = () => {
    const group = this.#reads
    if (group === undefined) return
    const values = this.#answersHere()
    if (values === null) {
      this.#answerOnPool()
      return
    }
    this.#reads = undefined
    this.#series.reads.waited(group.began, group.calls)
    this.#done()
    const turn = rest()
    if (turn === undefined) group.settle(values)
    else turn.then(() => group.settle(values))
  }

  #answersHere() {
    try {
      return this.#addon.tryAnswerGathered(this.#handle)
    } catch {
      return null
    }
  }

  async #answerOnPool() {
    const group = this.#reads
    this.#reads = undefined
    this.#readsOnPool += 1
    try {
      const { values, failures } = await this.#native.answerGathered()
      this.#series.reads.waited(group.began, group.calls - failures.length)
      group.settle(values, failures)
    } catch (thrown) {
      group.fail(thrown)
    }
    this.#readsOnPool -= 1
    this.#done()
  }

  #newGroup() {
    const { writes } = this.#series
    const group = new WriteGroup(this.#committing ? performance.now() : writes.begin())
    this.#group = group
    this.#underWay += 1
    // After those who are about to call in this go of JavaScript.
    if (!this.#committing) SETTLED.then(this.#commit)
    return group
  }

  #gather(operation, body) {
    try {
      body(this.#addon)
    } catch (thrown) {
      throw fromNative(thrown, operation)
    }
  }

  #gathered(group, operation, bytes) {
    const written = group.add(operation, bytes)
    if (group.bytes >= AT_ONCE) this.#commit()
    return written
  }

  /** Commits what is gathered: here, or on the pool where something has to be waited for. */
  #commit = () => {
    const group = this.#group
    if (group === undefined || this.#committing) return
    // What was asked before is what was there before.
    if (this.#reads !== undefined) this.#answer()
    this.#group = undefined
    let made
    try {
      made = this.#addon.tryCommitGathered(this.#handle)
    } catch {
      made = false
    }
    if (!made) {
      this.#commitOnPool(group)
      return
    }
    this.#series.writes.end(group.began, group.calls)
    this.#done()
    const turn = group.bytes >= AT_ONCE ? restAfterMuch() : rest()
    if (turn === undefined) group.settle()
    else turn.then(() => group.settle())
  }

  async #commitOnPool(group) {
    this.#committing = true
    const since = group.began || performance.now()
    try {
      const failures = await this.#native.commitGathered()
      this.#series.writes.waited(since, group.calls - failures.length)
      group.settle(failures)
    } catch (thrown) {
      group.fail(thrown)
    }
    this.#committing = false
    this.#done()
    // Those who were waiting for this group ask for their next write first.
    if (this.#group !== undefined) setImmediate(this.#commit)
  }

  #done() {
    this.#underWay -= 1
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
