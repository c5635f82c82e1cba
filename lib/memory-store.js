// The record interface in memory, for tests and for what need not outlive the process. It keeps
// JSON texts under the very keys that the LevelDB adapter writes, so that identity, order and
// isolation are the same.

const calls = require('./arguments.js')
const { StorageError } = require('./errors.js')
const { matcher } = require('./filter.js')
const { eachOf } = require('./listed-records.js')
const { MemoryIndex } = require('./memory-index.js')
const { callNative } = require('./native.js')
const { checkOptions } = require('./option-names.js')
const { healthOf } = require('./store-health.js')
const { clockOf } = require('./clock.js')
const text = require('./record-text.js')
const { inItsTurn } = require('./turn.js')

const CLASS = 'InMemoryStorageDriver'
const OPTIONS = ['now']
const SHARED_PREFIX = 'sigil:'

class InMemoryStorageDriver {
  #index = new MemoryIndex()
  /** The opening, another each time; undefined while it is not open. */
  #opening = {}
  #now

  /** @param {{ now?: () => Date }} [options] */
  constructor(options = {}) {
    checkOptions(CLASS, options, OPTIONS)
    this.#now = clockOf(CLASS, options.now)
  }

  async open(options = {}) {
    calls.throwIfAborted('open', calls.callOptions('open', options))
    this.#opening ??= {}
  }

  async close(options = {}) {
    calls.throwIfAborted('close', calls.callOptions('close', options))
    this.#opening = undefined
  }

  async setSigilRecord(...args) {
    const operation = 'setSigilRecord'
    const call = calls.setCall(args)
    calls.throwIfAborted(operation, call.options)
    // First: functions of the caller's make it, and they may close the store.
    const written = this.#textOf(operation, call)
    this.#begin(operation, call.options)
    this.#index.set(keyOf(operation, call), written)
    return inItsTurn(undefined)
  }

  async getSigilRecord(...args) {
    return inItsTurn(this.#read('getSigilRecord', calls.nameCall('getSigilRecord', args)))
  }

  getSigilRecordSync(...args) {
    return this.#read('getSigilRecordSync', calls.nameCall('getSigilRecordSync', args))
  }

  /** The records that many argument lists of `getSigilRecord` name, undefined where there is none. */
  async getMany(names, options) {
    const operation = 'getMany'
    const list = calls.manyCall(operation, names, options)
    this.#begin(operation, options ?? {})
    return inItsTurn(list.map((call) => this.#read(operation, call)))
  }

  async existsSigilRecord(...args) {
    return inItsTurn(this.#index.has(this.#named('existsSigilRecord', args)))
  }

  async deleteSigilRecord(...args) {
    this.#index.delete(this.#named('deleteSigilRecord', args))
    return inItsTurn(undefined)
  }

  async allSigilRecords(...args) {
    const operation = 'allSigilRecords'
    const call = calls.setOfRecordsCall(operation, args)
    this.#begin(operation, call.options)
    return [...this.#list(operation, call)]
  }

  async countSigilRecords(...args) {
    const operation = 'countSigilRecords'
    const call = calls.setOfRecordsCall(operation, args)
    this.#begin(operation, call.options)
    let count = 0
    for (const _ of this.#list(operation, call)) count += 1
    return count
  }

  /** The records one after another, as they were when the iteration began. */
  records(...args) {
    return eachOf(
      args,
      (operation, call) => this.#pieces(operation, call),
      () => this.#opening,
    )
  }

  async batch(...args) {
    const operation = 'batch'
    const { entries, options } = calls.batchCall(args)
    calls.throwIfAborted(operation, options)
    const texts = entries.map(({ type, call }) =>
      type === 'put' ? this.#textOf(operation, call) : undefined,
    )
    this.#begin(operation, options)
    const changes = entries.map(({ call }, index) => ({
      key: keyOf(operation, call),
      value: texts[index],
    }))
    for (const { key, value } of changes) {
      if (value === undefined) this.#index.delete(key)
      else this.#index.set(key, value)
    }
    return inItsTurn(undefined)
  }

  async getHealth(options = {}) {
    const open = this.#opening !== undefined
    const details = { backend: 'memory', open, records: this.#index.size }
    return healthOf(options, details, async () => ({ status: open ? 'healthy' : 'unhealthy' }))
  }

  #begin(operation, options) {
    calls.throwIfAborted(operation, options)
    if (this.#opening === undefined) {
      throw new StorageError('the store is closed', { code: 'LEVEL_DATABASE_NOT_OPEN', operation })
    }
  }

  #read(operation, call) {
    this.#begin(operation, call.options)
    const stored = this.#index.get(keyOf(operation, call))
    return stored === undefined ? undefined : text.parse(operation, stored)
  }

  #named(operation, args) {
    const call = calls.nameCall(operation, args)
    this.#begin(operation, call.options)
    return keyOf(operation, call)
  }

  #textOf(operation, call) {
    return call.tenant === undefined
      ? text.sharedText(operation, call.record)
      : text.tenantText(operation, call.record, call, this.#now(operation))
  }

  async *#pieces(operation, call) {
    this.#begin(operation, call.options)
    for (const record of this.#list(operation, call)) yield [record]
  }

  *#list(operation, call) {
    const matches = matcher(call.filter)
    let left = call.limit
    const prefix = prefixOf(operation, call)
    const { start, after } = startOf(operation, call)
    for (const [key, stored] of this.#index.range(prefix, start)) {
      if (left === 0) return
      if (key === after) continue
      const record = text.parse(operation, stored)
      if (!matches(record)) continue
      left -= 1
      yield record
    }
  }
}

// Node 18 and some of 20 lack the symbol.
if (Symbol.asyncDispose) {
  Object.defineProperty(InMemoryStorageDriver.prototype, Symbol.asyncDispose, {
    value: InMemoryStorageDriver.prototype.close,
    configurable: true,
    writable: true,
  })
}

function keyOf(operation, { tenant, symbol, authHash }) {
  return callNative(operation, (addon) =>
    tenant === undefined
      ? addon.sharedKey(symbol, authHash)
      : addon.tenantKey(tenant, symbol, authHash),
  )
}

function prefixOf(operation, { tenant }) {
  if (tenant === undefined) return SHARED_PREFIX
  return callNative(operation, (addon) => addon.tenantKeyPrefix(tenant))
}

/** The key that a listing starts at, and the one that it has seen already. */
function startOf(operation, { tenant, cursor }) {
  if (cursor === undefined) return {}
  const { symbol, authHash } = cursor
  if (authHash === undefined) {
    return { start: callNative(operation, (addon) => addon.keyAfterSymbol(tenant, symbol)) }
  }
  const key = keyOf(operation, { tenant, symbol, authHash })
  return { start: key, after: key }
}

module.exports = { InMemoryStorageDriver, MEMORY_OPTIONS: OPTIONS }
