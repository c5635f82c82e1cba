// How memories have aged, in a store. An identity that ends notes it, for a thousand memories in one
// record: to write every memory's own would take as long as all of them took to encode. What a note
// says of a memory holds until somebody accesses that memory, and that is for the addon to tell.

const { callNative } = require('../native.js')
const { AGES } = require('./memory-records.js')

const SYMBOL = 'sigil-ages'
const AT_ONCE = 1000

class Ages {
  #storage
  #native
  #clock
  /** Records that the store may have. */
  #count = 0
  /** Whether some were written, and others perhaps not. */
  #incomplete = false

  constructor(storage, { native, clock }) {
    this.#storage = storage
    this.#native = native
    this.#clock = clock
  }

  /**
   * After all memories.
   *
   * @param {[string, number, number, number][][]} pages of the store
   */
  load(pages) {
    this.#count = Math.max(this.#count, pages.length)
    for (const page of pages) {
      const [now, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
      callNative('initialize', () => this.#native.loadAges(page, now, elapsed))
    }
  }

  /** Tells the store what it does not have. */
  async store() {
    if (!this.#incomplete && !callNative('stop', () => this.#native.hasAged())) return
    this.#incomplete = true
    let page = 0
    for (let from = 0; typeof from === 'number'; page++) {
      const elapsed = this.#clock.elapsed()
      const { memories, next } = callNative('stop', () =>
        this.#native.agesPage(from, AT_ONCE, elapsed),
      )
      const id = idOf(page)
      await this.#storage.setSigilRecord(SYMBOL, id, { id, type: AGES, memories })
      from = next
    }
    const stale = this.#count
    this.#count = page
    for (; page < stale; page++) await this.#storage.deleteSigilRecord(SYMBOL, idOf(page))
    this.#incomplete = false
  }
}

function idOf(page) {
  return `ages-${String(page).padStart(6, '0')}`
}

module.exports = { Ages }
