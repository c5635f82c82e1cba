// Sigil records in a LevelDB directory. Within one process, worker threads included, adapters on
// the same directory share one open database.
//
// What can be answered at once is answered in the call; only then a promise waits for a thread.

const { setImmediate: nextTurn } = require('node:timers/promises')
const calls = require('./arguments.js')
const { abortable } = require('./abortable.js')
const { engineOptions } = require('./engine-options.js')
const { errorOf, inWords } = require('./errors.js')
const { checkListeners, watchFaults } = require('./fault-watch.js')
const { matcher } = require('./filter.js')
const { Level, levelOf, openDirectory } = require('./level.js')
const { LEVELS, notOpen } = require('./native-db.js')
const { listRecords } = require('./record-listing.js')
const { isUnstamped, parse, restamped, sharedText } = require('./record-text.js')
const { clockOf } = require('./clock.js')
const { isWellFormed } = require('./well-formed.js')

const DEFAULT_PATH = './sigil-leveldb'
const DEFAULT_RESERVE = 1 << 20
const NO_TEXT = {}

class LevelDBSigilAdapter {
  #path
  #options
  #level
  #now
  /** The open database; undefined before and after. */
  #native
  /** The opening that is under way or was the last; undefined once it is given up. */
  #opening
  #closing
  #db
  #watch

  /**
   * Returns at once; opening goes on in the background, and the first operation waits for it.
   *
   * @param {string} [dbPath]
   * @param {Record<string, any>} [options]
   */
  constructor(dbPath = process.env.SIGIL_DB_PATH || DEFAULT_PATH, options = {}) {
    checkPath('open', 'the path of the database', dbPath)
    if (typeof options !== 'object' || options === null) {
      throw errorOf('INVALID_PARAMETERS', 'a store takes its options as an object')
    }
    const { now, durability, ...rest } = options
    this.#path = dbPath
    this.#now = clockOf(now)
    engineOptions(rest)
    this.#level = levelOf(durability, LEVELS.interval)
    checkListeners(rest)
    this.#options = { createIfMissing: true, reserveSize: DEFAULT_RESERVE, ...given(rest) }
    // Who uses the store hears of a failure; until somebody does, it is no unhandled rejection.
    this.#open().catch(() => {})
  }

  get path() {
    return this.#path
  }

  /** A `Level` on the same open database: closing or opening either does it to both. */
  get db() {
    const { notFoundError } = this.#options
    this.#db ??= Level.on(this.#path, this.#hostOfLevel(), { notFoundError })
    return this.#db
  }

  #hostOfLevel() {
    // A Level opens by itself when it is made. That is no wish to open a store that was closed.
    let mayOpen = this.#opening !== undefined
    return {
      open: async () => {
        if (!mayOpen && this.#opening === undefined) {
          mayOpen = true
          throw notOpen('open')
        }
        return this.#open()
      },
      close: () => this.#closeNative(),
    }
  }

  /** Opens again what was closed, or could not be opened. */
  async open(options = {}) {
    const operation = 'open'
    const checked = calls.callOptions(operation, options)
    calls.throwIfAborted(operation, checked)
    const opened = this.#open().catch((error) => {
      this.#opening = undefined
      throw asked(operation, error)
    })
    await abortable(operation, checked, opened)
    if (this.#db?.status === 'closed') await this.#db.open()
  }

  async close(options = {}) {
    const operation = 'close'
    const checked = calls.callOptions(operation, options)
    calls.throwIfAborted(operation, checked)
    await abortable(operation, checked, this.#close())
  }

  async #close() {
    const db = this.#db
    if (db !== undefined && db.status !== 'closed') await db.close()
    await this.#closeNative()
  }

  async setSigilRecord(...args) {
    const operation = 'setSigilRecord'
    const call = calls.setCall(args)
    const native = this.#native ?? (await this.#ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const { text, updatedAt } = this.#textOf(operation, call)
    const written = native.putRecord(operation, call, text, updatedAt, this.#levelOf(call))
    await abortable(operation, call.options, written)
  }

  async getSigilRecord(...args) {
    const operation = 'getSigilRecord'
    const call = calls.nameCall(operation, args)
    const found = this.#find(operation, call)
    const stored = found instanceof Promise ? await found : found
    return stored === undefined ? undefined : parse(operation, stored)
  }

  /** The record at once, waiting for the disk where memory does not have it. */
  getSigilRecordSync(...args) {
    const operation = 'getSigilRecordSync'
    const { tenant, symbol, authHash } = calls.nameCall(operation, args)
    if (this.#native === undefined) throw notOpen(operation)
    const stored = this.#native.call(operation, (native) =>
      native.getRecordWaiting(tenant, symbol, authHash),
    )
    return stored === undefined ? undefined : parse(operation, stored)
  }

  /** The records that many argument lists of `getSigilRecord` name, undefined where there is none. */
  async getMany(names, options) {
    const operation = 'getMany'
    const list = calls.manyCall(operation, names, options)
    calls.throwIfAborted(operation, options ?? {})
    const found = await Promise.all(list.map(async (call) => this.#find(operation, call)))
    return found.map((stored) => (stored === undefined ? undefined : parse(operation, stored)))
  }

  async existsSigilRecord(...args) {
    const operation = 'existsSigilRecord'
    return (await this.#find(operation, calls.nameCall(operation, args))) !== undefined
  }

  async deleteSigilRecord(...args) {
    const operation = 'deleteSigilRecord'
    const call = calls.nameCall(operation, args)
    const native = this.#native ?? (await this.#ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const level = this.#levelOf(call)
    const written = native.putRecord(operation, call, undefined, undefined, level)
    await abortable(operation, call.options, written)
  }

  async allSigilRecords(...args) {
    const operation = 'allSigilRecords'
    const call = calls.setOfRecordsCall(operation, args)
    const all = []
    for await (const records of this.#list(operation, call)) {
      for (const record of records) all.push(record)
    }
    return all
  }

  async countSigilRecords(...args) {
    const operation = 'countSigilRecords'
    const call = calls.setOfRecordsCall(operation, args)
    if (call.filter === undefined) return this.#count(operation, call)
    let count = 0
    for await (const records of this.#list(operation, call)) count += records.length
    return count
  }

  /** The records one after another, as they were when the iteration began. */
  async *records(...args) {
    const operation = 'records'
    const call = calls.recordsCall(args)
    for await (const records of this.#list(operation, call)) {
      for (const record of records) {
        yield record
        calls.throwIfAborted(operation, call.options)
      }
    }
  }

  async batch(...args) {
    const operation = 'batch'
    const call = calls.batchCall(args)
    const native = this.#native ?? (await this.#ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const written = native.writeTogether(operation, this.#levelOf(call), (add) => {
      for (const { type, call: entry } of call.entries) {
        const { tenant, symbol, authHash } = entry
        const { text, updatedAt } = type === 'put' ? this.#textOf(operation, entry) : NO_TEXT
        add.record(tenant, symbol, authHash, text, updatedAt)
      }
    })
    await abortable(operation, call.options, written)
  }

  async getHealth() {
    const details = { backend: 'leveldb', path: this.#path, open: this.#native !== undefined }
    try {
      const native = this.#native ?? (await this.#ready('getHealth', {}))
      const health = healthOf(native)
      const status = health.failures.length > 0 || health.outOfSpace ? 'degraded' : 'healthy'
      return { status, details: { ...details, ...health, open: true } }
    } catch (error) {
      return {
        status: 'unhealthy',
        details: { ...details, code: error.code, error: error.message },
      }
    }
  }

  /** Takes what was deleted or overwritten off the disk. */
  async compact(options = {}) {
    return this.#run('compact', options, (native) => native.compactRange(undefined, undefined))
  }

  /** Copies the database as it is now into a new directory, while it is in use. */
  async checkpoint(directory, options = {}) {
    checkPath('checkpoint', 'the directory of a checkpoint', directory)
    return this.#run('checkpoint', options, (native) => native.checkpoint(directory))
  }

  /** Brings a store that was opened with `readOnly` up to date with its writer. */
  async refresh(options = {}) {
    return this.#run('refresh', options, (native) => native.refresh())
  }

  /** What the engine says about itself. */
  async stats(options = {}) {
    const operation = 'stats'
    const checked = calls.callOptions(operation, options)
    const native = this.#native ?? (await this.#ready(operation, checked))
    calls.throwIfAborted(operation, checked)
    const property = (name) =>
      native.call(operation, (database) => database.property(`leveldb.${name}`))
    return {
      path: this.#path,
      memoryBytes: Number(property('approximate-memory-usage')),
      filesAtLevel: Array.from({ length: 7 }, (_, level) =>
        Number(property(`num-files-at-level${level}`)),
      ),
      text: property('stats'),
      ...healthOf(native),
    }
  }

  async #run(operation, options, body) {
    const checked = calls.callOptions(operation, options)
    const native = this.#native ?? (await this.#ready(operation, checked))
    calls.throwIfAborted(operation, checked)
    return abortable(operation, checked, native.run(operation, body))
  }

  /** The text of a record, undefined where there is none; a promise only where one must wait. */
  #find(operation, call) {
    const native = this.#native
    if (native === undefined) {
      return this.#ready(operation, call.options).then(() => this.#find(operation, call))
    }
    calls.throwIfAborted(operation, call.options)
    const stored = native.getRecord(operation, call)
    return stored instanceof Promise ? abortable(operation, call.options, stored) : stored
  }

  async *#list(operation, call) {
    const native = this.#native ?? (await this.#ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    yield* listRecords(native, operation, call, matcher(call.filter))
  }

  async #count(operation, call) {
    const native = this.#native ?? (await this.#ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const { tenant, cursor, limit, options } = call
    const listing = native.call(operation, (database) =>
      database.records(tenant, cursor?.symbol, cursor?.authHash),
    )
    const counting = native.run(operation, () => listing.count())
    return Math.min(limit, await abortable(operation, options, counting))
  }

  /** The text of a call's record, and a time where the addon has to add the tenant's fields. */
  #textOf(operation, call) {
    const text = sharedText(operation, call.record)
    if (call.tenant === undefined) return { text }
    const updatedAt = this.#now()
    return isUnstamped(call.record)
      ? { text, updatedAt }
      : { text: restamped(text, call, updatedAt) }
  }

  #levelOf({ options: { durability } }) {
    return durability === undefined ? this.#level : Math.max(this.#level, LEVELS[durability])
  }

  async #ready(operation, options) {
    calls.throwIfAborted(operation, options)
    if (this.#opening === undefined) throw notOpen(operation)
    try {
      return await abortable(operation, options, this.#opening)
    } catch (error) {
      throw asked(operation, error)
    }
  }

  /** One opening at a time, after a closing that is under way. */
  #open() {
    this.#opening ??= this.#openNative()
    return this.#opening
  }

  async #openNative() {
    await this.#closing
    const native = await openDirectory(this.#path, this.#options, true)
    this.#native = native
    this.#watch = watchFaults(native, this.#path, this.#options)
    return native
  }

  #closeNative() {
    const opening = this.#opening
    if (opening === undefined) return this.#closing ?? Promise.resolve()
    const wasOpen = this.#native !== undefined
    this.#opening = undefined
    this.#native = undefined
    this.#closing = opening.then(
      async (native) => {
        this.#native = undefined
        this.#watch?.stop()
        // Those who have waited for the opening make their calls first.
        if (!wasOpen) await nextTurn()
        return native.close()
      },
      // What could not be opened need not be closed; whoever used it has heard why.
      () => {},
    )
    return this.#closing
  }
}

// Node 18 and some of 20 lack the symbol.
if (Symbol.asyncDispose) {
  Object.defineProperty(LevelDBSigilAdapter.prototype, Symbol.asyncDispose, {
    value: LevelDBSigilAdapter.prototype.close,
    configurable: true,
    writable: true,
  })
}

/** The options that were given; undefined and null are not. */
function given(options) {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => (value ?? undefined) !== undefined),
  )
}

function checkPath(operation, what, path) {
  if (typeof path !== 'string' || path === '' || path.includes('\0') || !isWellFormed(path)) {
    throw errorOf('INVALID_PARAMETERS', `${what} is text without NUL`, { operation })
  }
}

/** How the engine is, with what failed in plain words. */
function healthOf(native) {
  const health = native.call('getHealth', (database) => database.health())
  return {
    ...health,
    failures: health.failures.map(inWords),
    faults: health.faults.map(inWords),
  }
}

/** The failure of an opening, as the error of the operation that needed it. */
function asked(operation, error) {
  if (error.operation === operation) return error
  const { path, errno, holder, offset } = error
  return errorOf(error.code, error.message, {
    cause: error,
    operation,
    path,
    errno,
    holder,
    offset,
  })
}

module.exports = { LevelDBSigilAdapter }
