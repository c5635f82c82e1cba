// `Level`: the class that `level` 10 exports, on our engine. abstract-level brings encodings,
// events, hooks, sublevels and everything else that is the same in every level; this file says how
// the engine does what it asks for. abstract-level's own tests run against it.

const abstract = require('abstract-level')
const { ENGINE_OPTIONS, engineOptions } = require('./engine-options.js')
const { errorOf, fromNative } = require('./errors.js')
const { LevelBatch } = require('./level-batch.js')
const { LevelIterator, boundsOf } = require('./level-iterator.js')
const { LockWait } = require('./lock-wait.js')
const { makeDirectory } = require('./make-directory.js')
const { callNative } = require('./native.js')
const { LEVELS, NativeDb, notOpen } = require('./native-db.js')
const { checkSpelling } = require('./option-names.js')
const { WeakResources } = require('./weak-resources.js')

const { AbstractLevel, AbstractSnapshot } = abstract

const MANIFEST = {
  encodings: { buffer: true, utf8: true, view: true },
  has: true,
  createIfMissing: true,
  errorIfExists: true,
  explicitSnapshots: true,
  getSync: true,
  additionalMethods: { approximateSize: true, compactRange: true, refresh: true },
  signals: { iterators: true },
}

/** Others are taken from callers of `level`, where they have no effect either. */
const OPTIONS = [
  ...ENGINE_OPTIONS,
  'multithreading',
  'notFoundError',
  'keyEncoding',
  'valueEncoding',
  'passive',
]

class Level extends AbstractLevel {
  #location
  /** How to open and close, for a Level that stands on a store's database, and who hears what for. */
  #host
  #native
  #lockWait
  #durability = LEVELS.process
  #given = new WeakResources()
  /** Whether a missing key is an error, as it was in older versions of level. */
  #notFoundError

  /**
   * @param {string} location
   * @param {Record<string, any>} [options]
   */
  constructor(location, options) {
    if (typeof location !== 'string' || location === '') {
      throw new TypeError("The first argument 'location' must be a non-empty string")
    }
    super(MANIFEST, options)
    this.#location = location
    this.#notFoundError = options?.notFoundError === true
  }

  get location() {
    return this.#location
  }

  /** @internal A Level on the database of a store, which opens and closes with it. */
  static on(location, host, options) {
    const level = new Level(location, options)
    level.#host = host
    return level
  }

  attachResource(resource) {
    if (!isGiven(resource)) return super.attachResource(resource)
    this.#given.attach(resource)
    super.attachResource(this.#given)
  }

  detachResource(resource) {
    if (!this.#given.detach(resource)) super.detachResource(resource)
  }

  async _open(options) {
    checkSpelling('open', options, OPTIONS)
    this.#durability = levelOf('open', options.durability, LEVELS.process)
    this.#native = this.#host ? await this.#host.open() : await this.#openDirectory(options)
  }

  #openDirectory(options) {
    const lockWait = new LockWait()
    this.#lockWait = lockWait
    // abstract-level opens by itself and does not tell who waits for that: it may be anybody.
    lockWait.hold()
    return openDirectory(this.#location, options, options.multithreading === true, lockWait)
  }

  open(options) {
    if (options?.passive !== true) this.#host?.toBeOpen()
    return super.open(options)
  }

  close() {
    if (this.#host) return this.#closeWithStore()
    // Nobody needs an opening that still waits for a lock.
    this.#lockWait?.giveUp()
    return super.close()
  }

  async #closeWithStore() {
    // Now, and whether or not this has got as far as being open itself.
    const closed = this.#host.toBeClosed()
    await super.close()
    // By then it may have been called for again, by the store or by this.
    if (this.#host.isToBeOpen()) await super.open().catch(() => {})
    await closed
  }

  async _close() {
    // Whoever closes the store hears how that went.
    if (this.#host) await this.#host.close().catch(() => {})
    else await this.#native?.close()
    // Not before: where that fails, abstract-level takes it for open, and it can be closed again.
    this.#native = undefined
  }

  _get(key, { valueEncoding, snapshot, notFoundError = this.#notFoundError }) {
    const found = this.#native.get(key, valueEncoding === 'utf8', snapshot?.native)
    if (notFoundError !== true) return found
    return found instanceof Promise ? found.then(orMissing) : orMissing(found)
  }

  _getSync(key, { valueEncoding, snapshot, notFoundError = this.#notFoundError }) {
    const asText = valueEncoding === 'utf8'
    const found = this.#native.getSync(key, asText, snapshot?.native)
    return notFoundError === true ? orMissing(found) : found
  }

  async _getMany(keys, { valueEncoding, snapshot }) {
    const asText = valueEncoding === 'utf8'
    return this.#native.getMany(keys, asText, snapshot?.native)
  }

  async _has(key, { snapshot }) {
    return (await this.#native.get(key, false, snapshot?.native)) !== undefined
  }

  async _hasMany(keys, { snapshot }) {
    return this.#native.hasMany(keys, snapshot?.native)
  }

  _put(key, value, options) {
    return this.#native.put(key, value, this.#levelOf('put', options))
  }

  _del(key, options) {
    return this.#native.del(key, this.#levelOf('del', options))
  }

  _batch(operations, options) {
    return this.#native.writeTogether('batch', this.#levelOf('batch', options), (add) => {
      for (const { type, key, value } of operations) {
        if (type === 'put') add.put(key, value)
        else add.del(key)
      }
    })
  }

  _chainedBatch() {
    return new LevelBatch(this, (batch, options) =>
      this.#native.write(batch, this.#levelOf('batch', options)),
    )
  }

  async _clear(options) {
    const { lower, lowerInclusive, upper, upperInclusive } = boundsOf(options)
    const { reverse, limit, snapshot } = options
    const level = this.#levelOf('clear', options)
    return this.#native.clear((native) =>
      native.clear(
        lower,
        lowerInclusive,
        upper,
        upperInclusive,
        reverse,
        limit,
        level,
        snapshot?.native,
      ),
    )
  }

  _iterator(options) {
    return new LevelIterator(this, this.#native, options)
  }

  _snapshot(options) {
    return new LevelSnapshot(
      this.#native.call('snapshot', (native) => native.snapshot()),
      options,
    )
  }

  /** Bytes on the disk of the keys from `start` up to `end`, roughly. */
  async approximateSize(...args) {
    return this.#ranged('approximateSize', args, (native, from, to) =>
      native.approximateSize(from, to),
    )
  }

  /** Takes what was deleted or overwritten between two keys, both included, off the disk. */
  async compactRange(...args) {
    return this.#ranged('compactRange', args, (native, from, to) => native.compactRange(from, to))
  }

  async #ranged(operation, args, body) {
    if (args.length < 2) throw new TypeError("The arguments 'start' and 'end' are required")
    if (this.status === 'opening') {
      return this.deferAsync(() => this.#ranged(operation, args, body))
    }
    const [start, end, options] = args
    this.#checkOpen(operation)
    const encoding = this.keyEncoding(options?.keyEncoding)
    const [from, to] = [encoding.encode(start), encoding.encode(end)]
    return this.#native.run(operation, (native) => body(native, from, to))
  }

  /** What the engine says about itself; an empty string for a property that it does not know. */
  getProperty(property) {
    if (typeof property !== 'string') {
      throw new TypeError("The first argument 'property' must be a string")
    }
    this.#checkOpen('getProperty')
    return this.#native.call('getProperty', (native) => native.property(property)) ?? ''
  }

  /** Brings a database that was opened with `readOnly` up to date with its writer. */
  async refresh() {
    if (this.status === 'opening') return this.deferAsync(() => this.refresh())
    this.#checkOpen('refresh')
    return this.#native.run('refresh', (native) => native.refresh())
  }

  /** Removes the database in a directory. */
  static async destroy(location) {
    await maintain('destroy', location, (addon) => addon.destroyDatabase(location))
  }

  /** Makes a database that opens out of what is left of one; says what was found. */
  static async repair(location) {
    return maintain('repair', location, (addon) => addon.repairDatabase(location))
  }

  #levelOf(operation, { sync, durability }) {
    return sync === true ? LEVELS.sync : levelOf(operation, durability, this.#durability)
  }

  #checkOpen(operation) {
    if (this.status === 'open') return
    throw notOpen(operation)
  }
}

class LevelSnapshot extends AbstractSnapshot {
  /** @internal */
  native

  constructor(native, options) {
    super(options)
    this.native = native
  }

  async _close() {
    this.native.close()
  }
}

/** Whether a resource is of those that a database makes for its users. */
function isGiven(resource) {
  return (
    resource instanceof abstract.AbstractIterator ||
    resource instanceof abstract.AbstractKeyIterator ||
    resource instanceof abstract.AbstractValueIterator ||
    resource instanceof abstract.AbstractChainedBatch ||
    resource instanceof AbstractSnapshot
  )
}

/** Opens a directory, making it where that is asked for. */
async function openDirectory(location, options, shared, lockWait) {
  const known = engineOptions('open', options)
  if (known.createIfMissing) {
    // Made before it is opened, so that it has one name whoever opens it. Where that fails the engine
    // tries again, and says what the system says: Node tells of a read-only parent that it is missing.
    await makeDirectory(location).catch(() => {})
  }
  return NativeDb.open(location, { ...known, shared }, lockWait)
}

/** Does something to a directory that nobody has open. */
async function maintain(operation, location, body) {
  if (typeof location !== 'string' || location === '') {
    throw new TypeError("The first argument 'location' must be a non-empty string")
  }
  try {
    return await callNative(operation, body)
  } catch (thrown) {
    throw fromNative(thrown, operation)
  }
}

function orMissing(value) {
  if (value !== undefined) return value
  throw errorOf('LEVEL_NOT_FOUND', 'there is no such key', { operation: 'get' })
}

function levelOf(operation, durability, otherwise) {
  if ((durability ?? undefined) === undefined) return otherwise
  if (Object.hasOwn(LEVELS, durability)) return LEVELS[durability]
  const message = `durability is one of ${Object.keys(LEVELS).join(', ')}`
  throw errorOf('INVALID_PARAMETERS', message, { operation })
}

module.exports = { LEVEL_OPTIONS: OPTIONS, Level, levelOf, openDirectory }
