// What callers know as maps: the memories, their resonances and the crystals of an identity. They
// are read from the addon when somebody asks, so a value is the record as it is at that moment, and
// an iteration sees each entry once whatever is added or removed meanwhile.

const { callNative } = require('../native.js')

/** Entries that are read at once. */
const PAGE = 200
/** Ids that are. */
const ID_PAGE = 1000

class Collection {
  #size
  #has
  #get
  #pages
  #idPages

  /**
   * @param {object} source
   * @param {() => number} source.size
   * @param {(key: string) => boolean} source.has
   * @param {(key: string) => any} source.get
   * @param {(from: number, limit: number) => { entries: [string, any][], next?: number }} source.page
   * @param {(from: number, limit: number) => { entries: string[], next?: number }} [source.ids]
   *   where keys can be had without the values
   */
  constructor({ size, has, get, page, ids }) {
    this.#size = size
    this.#has = has
    this.#get = get
    this.#pages = page
    this.#idPages = ids
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

  entries() {
    return all(this.#pages, PAGE)
  }

  *keys() {
    if (this.#idPages !== undefined) yield* all(this.#idPages, ID_PAGE)
    else for (const [key] of this.entries()) yield key
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

/** What is on all pages, each read when it is its turn. */
function* all(pages, limit) {
  let from = 0
  while (from !== undefined) {
    const { entries, next } = pages(from, limit)
    yield* entries
    from = next
  }
}

function parsed(text) {
  return text === null || text === undefined ? undefined : JSON.parse(text)
}

function pageOf({ items, next }) {
  return { entries: JSON.parse(items), next: next ?? undefined }
}

/** The records of memories by their ids. */
function memoriesOf(native) {
  const ask = asking('sigilMemory', native)
  return new Collection({
    size: () => ask((state) => state.size()),
    has: (id) => ask((state) => state.has(id)),
    get: (id) => parsed(ask((state) => state.record(id))),
    page: (from, limit) => pageOf(ask((state) => state.memoriesPage(from, limit))),
    ids: (from, limit) => pageOf(ask((state) => state.idsPage(from, limit))),
  })
}

/** Who resonated with a memory when it came, for each memory. */
function resonancesOf(native, threshold) {
  const ask = asking('resonanceNetwork', native)
  const get = (id) => parsed(ask((state) => state.resonances(id, threshold())))
  const ids = (from, limit) => pageOf(ask((state) => state.idsPage(from, limit)))
  return new Collection({
    size: () => ask((state) => state.size()),
    has: (id) => ask((state) => state.has(id)),
    get,
    // A list can be as long as there are memories: it is made when it is its turn.
    page: (from) => {
      const { entries, next } = ids(from, 1)
      return { entries: entries.map((id) => [id, get(id)]), next }
    },
    ids,
  })
}

/** The records of crystals by their ids. */
function crystalsOf(native) {
  const ask = asking('crystallizedStates', native)
  return new Collection({
    size: () => ask((state) => state.crystalCount()),
    has: (id) => typeof ask((state) => state.crystal(id)) === 'string',
    get: (id) => parsed(ask((state) => state.crystal(id))),
    page: (from, limit) => pageOf(ask((state) => state.crystalsPage(from, limit))),
  })
}

function asking(operation, native) {
  return (question) => callNative(operation, () => question(native))
}

module.exports = { crystalsOf, memoriesOf, resonancesOf }
