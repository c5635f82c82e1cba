// Sigil records in a LevelDB directory. Within one process, worker threads included, adapters on
// the same directory share one open database.
//
// What can be answered at once is answered in the call; only then a promise waits for a thread.

const calls = require('./arguments.js')
const { abortable } = require('./abortable.js')
const { checkOutside } = require('./checkpoint-place.js')
const { AUTO, ENGINE_OPTIONS, engineOptions } = require('./engine-options.js')
const { errorOf, inWords } = require('./errors.js')
const { checkListeners } = require('./fault-watch.js')
const { matcher } = require('./filter.js')
const { given } = require('./given.js')
const { Level, levelOf } = require('./level.js')
const { Lifetime } = require('./lifetime.js')
const { allOf, countOf, eachOf } = require('./listed-records.js')
const { LEVELS, notOpen } = require('./native-db.js')
const { listRecords } = require('./record-listing.js')
const { checkOptions, givenOf } = require('./option-names.js')
const { healthOf } = require('./store-health.js')
const { isUnstamped, parse, restamped, sharedText } = require('./record-text.js')
const { clockOf } = require('./clock.js')
const { isWellFormed } = require('./well-formed.js')

const CLASS = 'LevelDBSigilAdapter'
const DEFAULT_PATH = './sigil-leveldb'
const NO_TEXT = {}
/** `multithreading` is of `Level`; stores always share their database. */
const OPTIONS = [...ENGINE_OPTIONS, 'notFoundError', 'now', 'logger', 'onFault', 'multithreading']

class LevelDBSigilAdapter {
  #path
  #options
  #level
  #now
  #lifetime
  /** Made with the store, so as to be open when that is: a Level opens only after it was made. */
  #db
  /** Whether somebody may wait for it. */
  #isDbTaken = false
  /** Which of `open` and `close` was called last, of the store or its Level. */
  #isToBeOpen = true

  /**
   * Returns at once; opening goes on in the background, and the first operation waits for it.
   *
   * @param {string} [dbPath]
   * @param {Record<string, any>} [options]
   */
  constructor(dbPath = process.env.SIGIL_DB_PATH || DEFAULT_PATH, options = {}) {
    checkPath(CLASS, 'the path of the database, which comes before the options,', dbPath)
    checkOptions(CLASS, options, OPTIONS)
    const { now, durability, ...rest } = options
    this.#path = dbPath
    this.#now = clockOf(CLASS, now)
    engineOptions(CLASS, rest)
    this.#level = levelOf(CLASS, durability, LEVELS.interval)
    checkListeners(CLASS, rest)
    this.#options = { createIfMissing: true, reserveSize: AUTO, ...givenOf(rest) }
    this.#lifetime = new Lifetime(this.#path, this.#options, () => {
      if (this.#db.status === 'closed') this.#db.open().catch(() => {})
    })
    this.#db = this.#newLevel()
    // Who uses the store hears of a failure; until somebody does, it is no unhandled rejection.
    this.#lifetime.open().catch(() => {})
  }

  get path() {
    return this.#path
  }

  /** A `Level` on the same open database: closing or opening either does it to both. */
  get db() {
    // Whoever takes it waits for it, as far as anybody can know.
    this.#isDbTaken = true
    this.#lifetime.hold()
    // What could not be opened is tried again when it is used, as by the adapter's own calls.
    if (this.#db.status === 'closed' && this.#lifetime.mayBeOpened) this.#db.open().catch(() => {})
    return this.#db
  }

  #newLevel() {
    const { notFoundError } = this.#options
    const durability = Object.keys(LEVELS)[this.#level]
    const host = {
      toBeOpen: () => {
        this.#isToBeOpen = true
      },
      toBeClosed: () => this.#letGo(),
      isToBeOpen: () => this.#isToBeOpen,
      open: () => {
        // Closed since it was called for.
        if (!this.#isToBeOpen) throw notOpen('open')
        const opening = this.#lifetime.openAgain()
        // Otherwise it is the Level itself that asks, and nobody waits for that.
        if (this.#isDbTaken) this.#lifetime.hold()
        return opening
      },
      // Nor is it closed where it was called for since.
      close: async () => {
        if (!this.#isToBeOpen) await this.#lifetime.close()
      },
    }
    return Level.on(this.#path, host, { notFoundError, durability })
  }

  /** Opens again what was closed, or could not be opened. */
  async open(options = {}) {
    const operation = 'open'
    const checked = calls.callOptions(operation, options)
    calls.throwIfAborted(operation, checked)
    this.#isToBeOpen = true
    await this.#lifetime.openFor(operation, checked)
    // Also where it is about to close: what was asked for last counts, and that may be closing.
    const isLeft = this.#db.status !== 'open' && this.#isToBeOpen
    if (isLeft) await abortable(operation, checked, this.#db.open())
  }

  async close(options = {}) {
    const operation = 'close'
    const checked = calls.callOptions(operation, options)
    calls.throwIfAborted(operation, checked)
    await abortable(operation, checked, this.#db.close())
  }

  /** Closes at once, so that somebody who opens it right after this opens it again. */
  #letGo() {
    this.#isToBeOpen = false
    const closed = this.#lifetime.close()
    // It may fail before anybody waits for it.
    closed.catch(() => {})
    return closed
  }

  async setSigilRecord(...args) {
    const operation = 'setSigilRecord'
    const call = calls.setCall(args)
    calls.throwIfAborted(operation, call.options)
    const { text, updatedAt } = this.#textOf(operation, call)
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const written = native.putRecord(operation, call, text, updatedAt, this.#levelOf(call))
    await abortable(operation, call.options, written)
  }

  async getSigilRecord(...args) {
    const operation = 'getSigilRecord'
    const call = calls.nameCall(operation, args)
    const found = this.#find(operation, call)
    const stored = found instanceof Promise ? await found : found
    return stored === undefined ? undefined : parse(operation, stored, this.#path)
  }

  /** The record at once, waiting for the disk where memory does not have it. */
  getSigilRecordSync(...args) {
    const operation = 'getSigilRecordSync'
    const call = calls.nameCall(operation, args)
    if (this.#lifetime.native === undefined) throw notOpen(operation)
    const stored = this.#lifetime.native.getRecordSync(operation, call)
    return stored === undefined ? undefined : parse(operation, stored, this.#path)
  }

  /** The records that many argument lists of `getSigilRecord` name, undefined where there is none. */
  async getMany(names, options) {
    const operation = 'getMany'
    const list = calls.manyCall(operation, names, options)
    const checked = options ?? {}
    calls.throwIfAborted(operation, checked)
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, checked))
    calls.throwIfAborted(operation, checked)
    const parts = []
    for (const { tenant, symbol, authHash } of list) parts.push(tenant, symbol, authHash)
    const reading = native.getRecords(operation, parts)
    const found =
      reading instanceof Promise ? await abortable(operation, checked, reading) : reading
    return found.map((stored) =>
      stored === undefined ? undefined : parse(operation, stored, this.#path),
    )
  }

  async existsSigilRecord(...args) {
    const operation = 'existsSigilRecord'
    return (await this.#find(operation, calls.nameCall(operation, args))) !== undefined
  }

  async deleteSigilRecord(...args) {
    const operation = 'deleteSigilRecord'
    const call = calls.nameCall(operation, args)
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const level = this.#levelOf(call)
    const written = native.putRecord(operation, call, undefined, undefined, level)
    await abortable(operation, call.options, written)
  }

  async allSigilRecords(...args) {
    return allOf(args, (operation, call) => this.#listWhole(operation, call))
  }

  async countSigilRecords(...args) {
    return countOf(
      args,
      (operation, call) => this.#listWhole(operation, call),
      (operation, call) => this.#count(operation, call),
    )
  }

  /** The records one after another, as they were when the iteration began. */
  records(...args) {
    return eachOf(
      args,
      (operation, call) => this.#list(operation, call),
      () => this.#lifetime.native,
    )
  }

  async batch(...args) {
    const operation = 'batch'
    const call = calls.batchCall(args)
    calls.throwIfAborted(operation, call.options)
    // Before anything is gathered: the texts are made by functions of the caller, which may use
    // the store.
    const texts = call.entries.map(({ type, call: entry }) =>
      type === 'put' ? this.#textOf(operation, entry) : NO_TEXT,
    )
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const written = native.writeTogether(operation, this.#levelOf(call), (add) => {
      for (const [index, { call: entry }] of call.entries.entries()) {
        const { text, updatedAt } = texts[index]
        add.record(entry.tenant, entry.symbol, entry.authHash, text, updatedAt)
      }
    })
    await abortable(operation, call.options, written)
  }

  async getHealth(options = {}) {
    const open = this.#lifetime.native !== undefined
    const details = { backend: 'leveldb', path: this.#path, open }
    return healthOf(options, details, async (operation, checked) => {
      const native =
        this.#lifetime.native ?? (await this.#lifetime.readyUnlessLocked(operation, checked))
      const health = healthOfEngine(native)
      const status = health.failures.length > 0 || health.outOfSpace ? 'degraded' : 'healthy'
      return { status, details: { ...health, open: true } }
    })
  }

  /** Takes what was deleted or overwritten off the disk. */
  async compact(options = {}) {
    return this.#run('compact', options, (native) => native.compactRange(undefined, undefined))
  }

  /** Copies the database as it is now into a new directory, while it is in use. */
  async checkpoint(directory, options = {}) {
    checkPath('checkpoint', 'the directory of a checkpoint', directory)
    return this.#run('checkpoint', options, async (native) => {
      await checkOutside('checkpoint', this.#lifetime.directory, directory)
      return native.checkpoint(directory)
    })
  }

  /** Brings a store that was opened with `readOnly` up to date with its writer. */
  async refresh(options = {}) {
    return this.#run('refresh', options, (native) => native.refresh())
  }

  /** What the engine says about itself. */
  async stats(options = {}) {
    const operation = 'stats'
    const checked = calls.callOptions(operation, options)
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, checked))
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
      ...healthOfEngine(native),
    }
  }

  async #run(operation, options, body) {
    const checked = calls.callOptions(operation, options)
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, checked))
    calls.throwIfAborted(operation, checked)
    return abortable(operation, checked, native.run(operation, body))
  }

  /** The text of a record, undefined where there is none; a promise only where one must wait. */
  #find(operation, call) {
    const native = this.#lifetime.native
    if (native === undefined) {
      return this.#lifetime.ready(operation, call.options).then(() => this.#find(operation, call))
    }
    calls.throwIfAborted(operation, call.options)
    const stored = native.getRecord(operation, call)
    return stored instanceof Promise ? abortable(operation, call.options, stored) : stored
  }

  async *#list(operation, call) {
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    yield* listRecords(native, operation, call, matcher(call.filter), this.#path)
  }

  /** The same for one call that gives all of it, which closing waits for as for every call. */
  async *#listWhole(operation, call) {
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, call.options))
    calls.throwIfAborted(operation, call.options)
    const release = native.hold()
    try {
      yield* listRecords(native, operation, call, matcher(call.filter), this.#path)
    } finally {
      release()
    }
  }

  async #count(operation, call) {
    const native = this.#lifetime.native ?? (await this.#lifetime.ready(operation, call.options))
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
    const updatedAt = this.#now(operation)
    return isUnstamped(call.record)
      ? { text, updatedAt }
      : { text: restamped(text, call, updatedAt) }
  }

  #levelOf({ options: { durability } }) {
    return durability === undefined ? this.#level : Math.max(this.#level, LEVELS[durability])
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

function checkPath(operation, what, path) {
  let wrong
  if (typeof path !== 'string') wrong = `is a string, not ${given(path)}`
  else if (path === '') wrong = 'must not be empty'
  else if (path.includes('\0')) wrong = 'must not contain NUL'
  else if (!isWellFormed(path)) wrong = 'must be well-formed text'
  if (wrong) throw errorOf('INVALID_PARAMETERS', `${what} ${wrong}`, { operation })
}

/** How the engine is, with what failed in plain words. */
function healthOfEngine(native) {
  const health = native.call('getHealth', (database) => database.health())
  return {
    ...health,
    failures: health.failures.map(inWords),
    faults: health.faults.map(inWords),
  }
}

module.exports = { LevelDBSigilAdapter, LEVELDB_OPTIONS: OPTIONS }
