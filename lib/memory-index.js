// A map in the order of its keys, as bytes of UTF-8: the order in which a directory on disk has
// them. Keys are sorted when a range is asked for after a change; a sorted list with a few keys
// behind it sorts in about linear time.

class MemoryIndex {
  #values = new Map()
  #keys = []
  #sorted = true

  get size() {
    return this.#values.size
  }

  get(key) {
    return this.#values.get(key)
  }

  has(key) {
    return this.#values.has(key)
  }

  set(key, value) {
    if (!this.#values.has(key)) {
      this.#keys?.push(key)
      this.#sorted = false
    }
    this.#values.set(key, value)
  }

  delete(key) {
    if (!this.#values.delete(key)) return
    // Otherwise the key would be listed twice once it is set again.
    this.#keys = undefined
    this.#sorted = false
  }

  /** The values whose keys begin with `prefix`, from the key `start` on, as they are now. */
  range(prefix, start = prefix) {
    const keys = this.#inOrder()
    const values = []
    for (let at = lowerBound(keys, start); keys[at]?.startsWith(prefix); at++) {
      values.push([keys[at], this.#values.get(keys[at])])
    }
    return values
  }

  #inOrder() {
    if (!this.#sorted) {
      this.#keys = (this.#keys ?? [...this.#values.keys()]).sort(compare)
      this.#sorted = true
    }
    return this.#keys
  }
}

function lowerBound(keys, wanted) {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(keys[middle], wanted) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a, b) {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const difference = rank(a.charCodeAt(at)) - rank(b.charCodeAt(at))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

// UTF-16 has the surrogates before the last characters of the basic plane, UTF-8 after them.
function rank(unit) {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

module.exports = { MemoryIndex }
