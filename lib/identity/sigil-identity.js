// An identity: memories that resonate, decay and crystallize, kept in a store.
//
// State and rules are the addon's (crates/sigil/src/identity); every change of it is one call of the
// addon, so changes have an order by themselves. Here are the promises around them: what the store
// is told and when, the sweeps, the events. A memory is in the store before it is one; what is
// released is told to the store after, and told again until the store has taken it. Where others use
// the same memories, shared-memories.js stands between.

const { randomUUID } = require('node:crypto')
const { captureRejectionSymbol, EventEmitter } = require('node:events')
const { performance } = require('node:perf_hooks')
const { errorOf } = require('../errors.js')
const { InMemoryStorageDriver } = require('../memory-store.js')
const { callNative } = require('../native.js')
const { Ages } = require('./ages.js')
const { crystalsOf, memoriesOf, resonancesOf } = require('./collections.js')
const { checkConfig, checkOptions, checkStorage } = require('./identity-options.js')
const { keepConfig } = require('./memory-config.js')
const { agesOf, draftOf, patternOf, recordsOf, storedOf } = require('./memory-records.js')
const { Outbox } = require('./outbox.js')
const { SharedMemories } = require('./shared-memories.js')
const metrics = require('./sweep-metrics.js')
const { Sweeper } = require('./sweeper.js')

const MEMORY = 'sigil-memory'
const CRYSTAL = 'sigil-crystal'
/** Records that are given to the store at once. */
const AT_ONCE = 256

class SigilIdentity extends EventEmitter {
  #storage
  /** Where others use the same memories. */
  #shared
  #native
  #clock
  #periods
  #sigil
  #outbox
  #ages
  #lastFailure
  /** Taking up what the store has; undefined before, and after it has failed. */
  #loading
  /** What stopping waits for. */
  #pending = new Set()
  /** The last sweep that was asked for: the next one comes after it. */
  #turn = Promise.resolve()
  #sweepers
  #uncount

  /**
   * @param {object} [storage] a store, by default one in memory
   * @param {object} [options]
   * @param {{ now: () => number, elapsed: () => number }} [options.clock] milliseconds: by the
   *   calendar, and by a clock that only goes forward
   */
  constructor(storage = new InMemoryStorageDriver(), options = {}) {
    super({ captureRejections: true })
    this.#storage = checkStorage(storage)
    const { clock, periods, leaseDuration, memoryConfig } = checkOptions(options)
    this.#clock = clock
    this.#periods = periods
    this.#native = callNative('SigilIdentity', ({ NativeIdentity }) => new NativeIdentity())
    keepConfig(this, memoryConfig)
    this.sigilMemory = memoriesOf(this.#native)
    this.resonanceNetwork = resonancesOf(
      this.#native,
      () => checkConfig(this.memoryConfig).resonanceThreshold,
    )
    this.crystallizedStates = crystalsOf(this.#native)
    const sigil = callNative('SigilIdentity', ({ ownSigil }) =>
      ownSigil(randomUUID(), this.#clock.now()),
    )
    this.#sigil = JSON.parse(sigil)
    if (typeof storage.sharedUse === 'function') {
      this.#shared = new SharedMemories(storage, {
        holder: randomUUID(),
        leaseDuration,
        native: this.#native,
        clock: this.#clock,
        told: (lease) => this.#tell('lease', lease),
      })
    }
    this.#ages = new Ages(storage, { native: this.#native, clock: this.#clock })
    this.#outbox = new Outbox({
      put: (name) => this.#store(name),
      del: (name) => this.#storage.deleteSigilRecord(...namesOf(name)),
      failed: (error) => this.#refused(error),
    })
  }

  /** Takes up what the store has. Everything else waits for it. */
  initialize() {
    if (this.#loading === undefined) {
      const loading = this.#load()
      this.#loading = loading
      loading.catch(() => {
        this.#loading = undefined
      })
    }
    return this.#loading
  }

  /** Sweeps from now on. */
  start() {
    if (this.#sweepers === undefined) {
      const { decay, crystallization } = this.#periods
      this.#sweepers = [
        new Sweeper(decay, SigilIdentity.#decay, this),
        new Sweeper(crystallization, SigilIdentity.#crystallization, this),
      ]
      this.#uncount = metrics.count(this)
    }
    return this.initialize()
  }

  /** Sweeps no more; waits for what is under way and tells the store what it does not have. */
  async stop() {
    const sweepers = this.#sweepers ?? []
    this.#sweepers = undefined
    this.#uncount?.()
    await Promise.all(sweepers.map((sweeper) => sweeper.stop()))
    if (this.#loading === undefined) return
    await Promise.allSettled([this.#loading, ...this.#pending, this.#turn])
    // What these have begun.
    await Promise.allSettled([...this.#pending])
    try {
      await this.#flush()
    } finally {
      await this.#shared?.leave()
    }
  }

  async encodeSigilMemory(data, consciousnessState = {}) {
    const { crystallizationThreshold, maxSigils } = checkConfig(this.memoryConfig)
    const draft = draftOf(data, consciousnessState, crystallizationThreshold)
    return this.#underWay(this.#encode(draft, maxSigils))
  }

  /**
   * Notes that somebody has used a memory. `false` where there is none. Rejects where the store did
   * not take it; it is tried again then.
   */
  async touch(id) {
    await this.initialize()
    return (await this.#access(id)) !== undefined
  }

  /** A memory's record, which counts as using it; undefined where there is none. */
  async recallSigilMemory(id) {
    await this.initialize()
    return this.#access(id)
  }

  /** A sweep: all memories age, and those that have decayed away are released. */
  processMemoryDecay() {
    return this.#inTurn('decay', async () => {
      const { memoryDecayRate, maxSigils } = checkConfig(this.memoryConfig)
      callNative('sweep', () => this.#native.sweep(memoryDecayRate, this.#clock.elapsed()))
      // At once, where there are no others to hear of: what is due is nobody's from then on.
      if (this.#shared !== undefined && !(await this.#shared.join())) return undefined
      callNative('sweep', () => this.#native.markDue())
      const released = await this.#release('takeDue', AT_ONCE)
      await this.#release('takeSurplus', maxSigils, AT_ONCE)
      if (released > 0) this.#tell('memory-decay', { released })
      return { released }
    }).then((result) => result ?? { released: 0 })
  }

  /** A sweep: groups of memories that are strong, and have changed, crystallize. */
  crystallizeMemoryPatterns() {
    return this.#inTurn('crystallization', async () => {
      const { crystallizationThreshold } = checkConfig(this.memoryConfig)
      if (this.#shared !== undefined && !(await this.#shared.join())) return undefined
      const texts = callNative('crystallize', () =>
        this.#native.crystallize(crystallizationThreshold, this.#clock.now()),
      )
      const crystals = texts.map((text) => JSON.parse(text))
      await Promise.all(crystals.map(({ id }) => this.#outbox.put(nameOf(CRYSTAL, id))))
      for (const crystal of crystals) this.#tell('pattern-crystallized', crystal)
      return crystals
    }).then((result) => result ?? [])
  }

  getSigil() {
    return structuredClone(this.#sigil)
  }

  getIdentity() {
    return {
      sigil: this.getSigil(),
      statistics: this.getMemoryStatistics(),
      memoryConfig: checkConfig(this.memoryConfig),
    }
  }

  getMemoryStatistics() {
    return {
      totalMemories: this.sigilMemory.size,
      maxSigils: checkConfig(this.memoryConfig).maxSigils,
      crystallizedStates: this.crystallizedStates.size,
      resonanceConnections: this.resonanceNetwork.size,
      unsaved: this.#outbox.failures,
    }
  }

  async #encode(draft, maxSigils) {
    await this.initialize()
    const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    const { id, text } = callNative('encode', () => this.#native.draw(draft, now, elapsed))
    const memory = JSON.parse(text)
    try {
      await this.#storage.setSigilRecord(MEMORY, id, memory)
    } catch (error) {
      callNative('encode', () => this.#native.discard(id))
      // Perhaps it has been stored, and only the answer was lost.
      this.#underWay(this.#outbox.del(nameOf(MEMORY, id)))
      throw error
    }
    const crystal = callNative('encode', () => this.#native.admit(id))
    this.#tell('memory-encoded', memory)
    if (crystal) this.#tell('memory-crystallized', this.crystallizedStates.get(id))
    // Nobody waits for the store to forget; stopping does.
    this.#underWay(this.#keepTo(maxSigils))
    return memory
  }

  /** The record of a memory that is used; undefined where there is none, here or in the store. */
  async #access(id) {
    if (typeof id !== 'string') return undefined
    const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    if (!callNative('touch', () => this.#native.touch(id, now, elapsed))) return undefined
    const memory = this.sigilMemory.get(id)
    this.#shared?.noteAccess(id)
    const refusal = await this.#outbox.put(nameOf(MEMORY, id))
    if (refusal !== undefined) throw refusal.error
    return this.#shared === undefined || this.sigilMemory.has(id) ? memory : undefined
  }

  /** Releases what is too much, where others do not have it done by a sweep. */
  async #keepTo(maxSigils) {
    if (this.#shared === undefined) await this.#release('takeSurplus', maxSigils, AT_ONCE)
  }

  /** Has the store forget what the addon lets go, a part at a time. */
  async #release(method, ...how) {
    const take = () => callNative('release', () => this.#native[method](...how))
    if (this.#shared !== undefined) {
      const released = await this.#shared.release(take)
      metrics.noteReleased(released)
      return released
    }
    let released = 0
    for (let memories = take(); memories.length > 0; memories = take()) {
      released += memories.length
      metrics.noteReleased(memories.length)
      await Promise.all(memories.map(({ id }) => this.#outbox.del(nameOf(MEMORY, id))))
    }
    return released
  }

  #underWay(work) {
    this.#pending.add(work)
    const done = () => this.#pending.delete(work)
    work.then(done, done)
    return work
  }

  /** One sweep after the other. */
  #inTurn(kind, sweep) {
    const turn = this.#turn.then(async () => {
      await this.initialize()
      const since = performance.now()
      const result = await sweep()
      await this.#outbox.retry()
      if (result !== undefined) metrics.swept(kind, since)
      return result
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #load() {
    await this.#shared?.begin()
    const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    const { maxSigils, memoryDecayRate } = checkConfig(this.memoryConfig)
    callNative('initialize', () => this.#native.setRate(memoryDecayRate))
    const ages = []
    for await (const record of recordsOf(this.#storage)) {
      const stored = storedOf(record)
      const pattern = patternOf(record)
      if (stored !== undefined) {
        callNative('initialize', () => this.#native.load(stored, now, elapsed))
      } else if (pattern !== undefined) {
        const { group, members, text } = pattern
        callNative('initialize', () => this.#native.loadPattern(group, members, text))
      } else {
        // Others may keep records of their own in the store.
        const page = agesOf(record)
        if (page !== undefined) ages.push(page)
      }
    }
    if (this.#shared === undefined) this.#ages.load(ages)
    await this.#keepTo(maxSigils)
  }

  /** Stores a record as it is now; what is gone by now has another wish. */
  async #store(name) {
    const [symbol, id] = namesOf(name)
    const text = callNative('store', () =>
      symbol === MEMORY
        ? this.#native.recordToStore(id, this.#clock.elapsed())
        : this.#native.crystal(id),
    )
    if (typeof text !== 'string') return
    const record = JSON.parse(text)
    if (this.#shared === undefined) await this.#storage.setSigilRecord(symbol, id, record)
    else await this.#shared.store(symbol, id, record)
  }

  async #flush() {
    const one = (id) => this.#outbox.put(nameOf(MEMORY, id))
    const storing = this.#shared?.storeAges(one) ?? this.#ages.store()
    const aging = await storing.then(
      () => undefined,
      (error) => ({ error }),
    )
    await this.#outbox.settled()
    await this.#outbox.retry()
    if (aging !== undefined) this.#refused(aging.error)
    if (aging !== undefined || this.#outbox.failures > 0) {
      const cause = this.#lastFailure
      throw errorOf(cause?.code, 'the store did not take everything', { cause, operation: 'stop' })
    }
  }

  /** A listener that throws has nothing to do with what it is told. */
  #tell(event, what) {
    try {
      this.emit(event, what)
    } catch (error) {
      this.#fault('listener', error)
    }
  }

  /** Nor has one that is asynchronous, and rejects. */
  [captureRejectionSymbol](error, event) {
    // Who cannot hear of a fault would not hear of this one.
    if (event === 'fault') metrics.noteFault('listener')
    else this.#fault('listener', error)
  }

  #refused(error) {
    this.#lastFailure = error
    this.#fault('storage', error)
  }

  #fault(kind, error) {
    metrics.noteFault(kind)
    try {
      this.emit('fault', { kind, error })
    } catch {
      // There is nobody left to tell.
    }
  }

  // Given to sweepers, which hold no identity. They never reject, whatever stands in their place.
  static #decay = (identity) => identity.#swept('decay', () => identity.processMemoryDecay())

  static #crystallization = (identity) =>
    identity.#swept('crystallization', () => identity.crystallizeMemoryPatterns())

  async #swept(kind, sweep) {
    try {
      await sweep()
    } catch (error) {
      this.#fault(kind, error)
    }
  }
}

// Node 18 and some of 20 lack the symbol.
if (Symbol.asyncDispose) {
  Object.defineProperty(SigilIdentity.prototype, Symbol.asyncDispose, {
    value: SigilIdentity.prototype.stop,
    configurable: true,
    writable: true,
  })
}

function nameOf(symbol, id) {
  return `${symbol}/${id}`
}

function namesOf(name) {
  const at = name.indexOf('/')
  return [name.slice(0, at), name.slice(at + 1)]
}

module.exports = { SigilIdentity }
