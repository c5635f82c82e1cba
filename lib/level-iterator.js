// The iterator of a Level. Entries come from the addon in chunks: one at first, because often one
// is all that is wanted, then more.

const { AbstractIterator } = require('abstract-level')
const { errorOf } = require('./errors.js')

const CHUNK_ENTRIES = 1000
const CHUNK_BYTES = 1 << 20
/** More than any chunk has room for. */
const MOST_ENTRIES = 2 ** 32 - 1

class LevelIterator extends AbstractIterator {
  #db
  #native
  #toEntries
  #cache = []
  #position = 0
  #first = true
  #signal
  #abort = () => this.#native.abort()

  constructor(level, db, options) {
    super(level, options)
    this.#db = db
    this.#toEntries = entriesOf(options)
    const { lower, lowerInclusive, upper, upperInclusive } = boundsOf(options)
    const shown = {
      reverse: options.reverse,
      limit: options.limit,
      keys: options.keys,
      values: options.values,
      keysAsText: options.keyEncoding === 'utf8',
      valuesAsText: options.valueEncoding === 'utf8',
      fillCache: options.fillCache === true,
    }
    this.#native = db.call('iterator', (native) =>
      native.iterator(
        lower,
        lowerInclusive,
        upper,
        upperInclusive,
        shown,
        options.snapshot?.native,
      ),
    )
    if (options.signal) {
      this.#signal = options.signal
      this.#signal.addEventListener('abort', this.#abort, { once: true })
    }
  }

  async _next() {
    if (this.#position === this.#cache.length) {
      if (this.#native.ended) return undefined
      this.#cache = await this.#chunk(this.#first ? 1 : CHUNK_ENTRIES)
      this.#position = 0
      this.#first = false
    }
    return this.#cache[this.#position++]
  }

  async _nextv(size) {
    this.#first = false
    if (this.#position < this.#cache.length) {
      const chunk = this.#cache.slice(this.#position, this.#position + size)
      this.#position += chunk.length
      return chunk
    }
    return this.#native.ended ? [] : this.#chunk(size)
  }

  async #chunk(size) {
    const flat = await this.#db.run('iterator', () =>
      this.#native.next(Math.min(size, MOST_ENTRIES), CHUNK_BYTES),
    )
    if (this.#signal?.aborted) throw errorOf('LEVEL_ABORTED', 'the operation was aborted')
    return this.#toEntries(flat)
  }

  _seek(target) {
    this.#cache = []
    this.#position = 0
    this.#first = true
    this.#db.call('iterator', () => this.#native.seek(target))
  }

  async _close() {
    this.#cache = []
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#native.close()
  }
}

function entriesOf({ keys, values }) {
  if (keys && values) return pairs
  return keys ? keysAlone : valuesAlone
}

function pairs(flat) {
  const entries = new Array(flat.length / 2)
  for (let at = 0; at < entries.length; at++) entries[at] = [flat[2 * at], flat[2 * at + 1]]
  return entries
}

function keysAlone(flat) {
  return flat.map((key) => [key, undefined])
}

function valuesAlone(flat) {
  return flat.map((value) => [undefined, value])
}

/** The ends of a range as the addon takes them. abstract-level leaves at most one of each pair. */
function boundsOf(options) {
  const lowerInclusive = options.gte !== undefined
  const upperInclusive = options.lte !== undefined
  return {
    lower: lowerInclusive ? options.gte : options.gt,
    lowerInclusive,
    upper: upperInclusive ? options.lte : options.lt,
    upperInclusive,
  }
}

module.exports = { LevelIterator, boundsOf }
