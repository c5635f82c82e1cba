// The sigils that were minted, newest first.
//
// A minted sigil is a shared record under its id and time, so the store has them in the order of
// ids. The catalog reads the store once when the service starts and from then on is told what is
// minted. It keeps the names of the newest sigils and the number of all; the sigils stay in the
// store.

/** As many as one answer can list. */
const KEPT = 1000

class SigilCatalog {
  #store
  #newest = []
  #total = 0

  constructor(store) {
    this.#store = store
  }

  get total() {
    return this.#total
  }

  /** Finds what was minted before this process. */
  async load() {
    for await (const record of this.#store.records()) {
      // What was stored by other means need not be an object.
      const { id, timestamp } = record ?? {}
      if (typeof id !== 'string' || typeof timestamp !== 'string') continue
      // Other records have these fields too; only minted ones are stored under them.
      if (await this.#store.existsSigilRecord(id, timestamp)) this.add({ id, timestamp })
    }
  }

  /** Notes a sigil that the store has. */
  add({ id, timestamp }) {
    this.#total += 1
    let at = this.#newest.length
    while (at > 0 && !isNewer(this.#newest[at - 1], { id, timestamp })) at -= 1
    this.#newest.splice(at, 0, { id, timestamp })
    if (this.#newest.length > KEPT) this.#newest.pop()
  }

  /** The newest sigils, at most `limit`; without those that somebody has deleted since. */
  async newest(limit) {
    const found = await Promise.all(
      this.#newest
        .slice(0, limit)
        .map(({ id, timestamp }) => this.#store.getSigilRecord(id, timestamp)),
    )
    return found.filter((sigil) => sigil !== undefined)
  }
}

/** Of one millisecond, ids tell the order: they are made in it. */
function isNewer(one, other) {
  if (one.timestamp !== other.timestamp) return one.timestamp > other.timestamp
  return one.id > other.id
}

module.exports = { SigilCatalog, KEPT }
