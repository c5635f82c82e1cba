// What callers know as maps: the memories, their resonances and the crystals of an identity. They
// are read from the addon when somebody asks, so a value is the record as it is at that moment, and
// an iteration sees each entry once whatever is added or removed meanwhile.

/** Entries that are read at once. */
const PAGE = 200

class Collection {
  #size
  #has
  #get
  #pages

  /**
   * @param {object} source
   * @param {() => number} source.size
   * @param {(key: string) => boolean} source.has
   * @param {(key: string) => any} source.get
   * @param {(from: number, limit: number) => { entries: [string, any][], next?: number }} source.page
   */
  constructor({ size, has, get, page }) {
    this.#size = size
    this.#has = has
    this.#get = get
    this.#pages = page
  }

  get size() {
    return this.#size()
  }

  has(key) {
    return typeof key === 'string' && this.#has(key)
  }

  get(key) {
    return typeof key === 'string' ? this.#get(key) : undefined
  }

  *entries() {
    let from = 0
    while (from !== undefined) {
      const { entries, next } = this.#pages(from, PAGE)
      yield* entries
      from = next
    }
  }

  *keys() {
    for (const [key] of this.entries()) yield key
  }

  *values() {
    for (const [, value] of this.entries()) yield value
  }

  forEach(visit, self) {
    for (const [key, value] of this.entries()) visit.call(self, value, key, this)
  }

  [Symbol.iterator]() {
    return this.entries()
  }
}

function parsed(text) {
  return text === null || text === undefined ? undefined : JSON.parse(text)
}

function pageOf({ items, next }, entry = (item) => item) {
  return { entries: JSON.parse(items).map(entry), next: next ?? undefined }
}

/** The records of memories by their ids. */
function memoriesOf(native) {
  return new Collection({
    size: () => native.size(),
    has: (id) => native.has(id),
    get: (id) => parsed(native.record(id)),
    page: (from, limit) => pageOf(native.memoriesPage(from, limit)),
  })
}

/** Who resonated with a memory when it came, for each memory. */
function resonancesOf(native, threshold) {
  const get = (id) => parsed(native.resonances(id, threshold()))
  return new Collection({
    size: () => native.size(),
    has: (id) => native.has(id),
    get,
    // A list can be as long as there are memories: it is made when it is its turn.
    page: (from) => pageOf(native.idsPage(from, 1), (id) => [id, get(id)]),
  })
}

/** The records of crystals by their ids. */
function crystalsOf(native) {
  return new Collection({
    size: () => native.crystalCount(),
    has: (id) => typeof native.crystal(id) === 'string',
    get: (id) => parsed(native.crystal(id)),
    page: (from, limit) => pageOf(native.crystalsPage(from, limit)),
  })
}

module.exports = { crystalsOf, memoriesOf, resonancesOf }
