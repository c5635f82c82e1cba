// Memories that identities of several processes use at the same time, where the store knows how
// (`sharedUse`, docs/identity.md).
//
// Each identity has a view of all of them and lets it age; what others have written and released it
// takes up before it sweeps. One of them, who holds the store's lease, releases what is due and lets
// groups crystallize. It deletes only what the store has as its view has it: what somebody has used
// meanwhile comes back into the view instead.

const { performance } = require('node:perf_hooks')
const { callNative } = require('../native.js')
const { patternOf, storedOf } = require('./memory-records.js')

const MEMORY = 'sigil-memory'
const CRYSTAL = 'sigil-crystal'
/** Records that are given to the store at once. */
const AT_ONCE = 256
/** After so long without hearing of changes, everything is read anew. Milliseconds. */
const STALE = 30 * 60_000

class SharedMemories {
  #storage
  #use
  #native
  #clock
  #told
  /** Accesses that the store has not heard of. */
  #accesses = new Map()
  /** Memories that the view has let go, and the store perhaps not. */
  #missing = new Set()
  #held = false
  #heard

  /**
   * @param {object} storage
   * @param {object} how
   * @param {string} how.holder names this identity among all
   * @param {number} how.leaseDuration milliseconds
   * @param {object} how.native
   * @param {{ now: () => number, elapsed: () => number }} how.clock
   * @param {(lease: { held: boolean }) => void} how.told hears of the lease coming and going
   */
  constructor(storage, { holder, leaseDuration, native, clock, told }) {
    this.#storage = storage
    this.#use = storage.sharedUse(MEMORY, holder, leaseDuration)
    this.#native = native
    this.#clock = clock
    this.#told = told
  }

  /** Whether it is for this identity to release memories. */
  get sweeps() {
    return this.#use.lease.held
  }

  /** To be called before the store is read. */
  async begin() {
    await this.#use.begin()
    this.#heard = performance.now()
  }

  /** Takes up what others have done. Says whether it is for this identity to sweep. */
  async join() {
    const held = await this.#use.lease.hold().finally(() => this.#noteLease())
    if (performance.now() - this.#heard > STALE) await this.#readAnew()
    const asked = performance.now()
    await this.#use.changes({
      written: (record) => this.#takeUp(record),
      released: (id) => this.#forget(id),
    })
    this.#heard = asked
    await this.#comeBack()
    return held && this.sweeps
  }

  /** Has the store delete memories that the view has let go. Gives how many it did. */
  async release(take) {
    let released = 0
    while (await this.#goesOn()) {
      const memories = take()
      if (memories.length === 0) break
      for (const { id } of memories) this.#missing.add(id)
      const gone = await this.#use.release(MEMORY, memories)
      for (const id of gone) this.#missing.delete(id)
      released += gone.size
    }
    await this.#comeBack()
    return released
  }

  noteAccess(id) {
    this.#accesses.set(id, (this.#accesses.get(id) ?? 0) + 1)
  }

  /** Stores what of a record has changed here, unless others have let it go. */
  async store(symbol, id, record) {
    if (symbol === CRYSTAL) return this.#use.keep(symbol, id, record)
    const times = this.#accesses.get(id) ?? 0
    if (times === 0) return this.#use.note(symbol, [record])
    const count = await this.#use.access(symbol, id, record, times)
    const left = (this.#accesses.get(id) ?? 0) - times
    if (left > 0 && count !== undefined) this.#accesses.set(id, left)
    else this.#accesses.delete(id)
    if (count === undefined) this.#forget(id)
    else if (left === 0 && count !== record.accessCount) {
      this.#takeUp({ ...record, accessCount: count })
    }
  }

  /**
   * Stores how memories have aged. Of many who know it, the one who sweeps does.
   *
   * @param {(id: string) => Promise<unknown>} one stores a memory, and remembers what fails
   */
  async storeAges(one) {
    let from = this.sweeps ? 0 : undefined
    while (typeof from === 'number') {
      const { items, next } = callNative('stop', () => this.#native.unsavedPage(from, AT_ONCE))
      const ids = JSON.parse(items)
      const elapsed = this.#clock.elapsed()
      const records = ids
        .map((id) => callNative('stop', () => this.#native.recordToStore(id, elapsed)))
        .flatMap((text) => (typeof text === 'string' ? [JSON.parse(text)] : []))
      await this.#use.note(MEMORY, records).catch(() => Promise.all(ids.map(one)))
      from = next
    }
  }

  /** Leaves sweeping to others. */
  async leave() {
    // Where the database does not hear it, the lease ends by itself.
    await this.#use.lease.giveUp().catch(() => {})
    this.#noteLease()
  }

  async #goesOn() {
    const held = await this.#use.lease.renew()
    this.#noteLease()
    return held
  }

  #noteLease() {
    if (this.#held === this.sweeps) return
    this.#held = this.sweeps
    this.#told({ held: this.#held })
  }

  #takeUp(record) {
    const stored = storedOf(record)
    if (stored !== undefined) {
      const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
      callNative('sweep', () => this.#native.refresh(stored, now, elapsed))
      return
    }
    const pattern = patternOf(record)
    if (pattern !== undefined) {
      const { group, members, text } = pattern
      callNative('sweep', () => this.#native.loadPattern(group, members, text))
    }
  }

  #forget(id) {
    callNative('sweep', () => this.#native.forget(id))
  }

  async #comeBack() {
    const ids = [...this.#missing]
    if (ids.length === 0) return
    const records = await this.#storage.getMany(ids.map((id) => [MEMORY, id]))
    for (const record of records) if (record !== undefined) this.#takeUp(record)
    for (const id of ids) this.#missing.delete(id)
  }

  async #readAnew() {
    const known = new Set()
    for (let from = 0; typeof from === 'number'; ) {
      const { items, next } = callNative('sweep', () => this.#native.idsPage(from, 1000))
      for (const id of JSON.parse(items)) known.add(id)
      from = next
    }
    await this.begin()
    for await (const record of this.#storage.records()) {
      this.#takeUp(record)
      known.delete(record?.id)
    }
    for (const id of known) this.#forget(id)
  }
}

module.exports = { SharedMemories }
