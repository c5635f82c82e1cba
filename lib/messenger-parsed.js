// Messages that were parsed lately. Parsing costs more than everything else that a list takes, and
// most of what a messenger shows it has shown before. The addon gives every message a number; where
// it is one of before, so is the message, and what was parsed then is copied: members one by one, and
// text not at all, which nobody can change. The copy is what parsing would give.

/** About so many characters of JSON are kept; parsed they take about twice as many bytes. */
const MOST = 4 << 20

/** Copying goes into a value by calls within calls. What is deeper is parsed each time. */
const DEEPEST = 8

class ParsedMessages {
  /** By number, the oldest first. */
  #kept = new Map()
  // One for all that goes: a new one steps over what is gone already, each time.
  #oldest = this.#kept.keys()
  #size = 0
  #most

  constructor(most = MOST) {
    this.#most = most
  }

  /** The value of a number; undefined where it is not here. */
  copyOf(number) {
    const kept = this.#kept.get(number)
    if (kept === undefined) return undefined
    return kept.isFlat ? { ...kept.value } : copyOf(kept.value)
  }

  /** Takes what was parsed of about so many characters. The caller gives nobody else this very value. */
  keep(number, value, size) {
    const depth = depthOf(value, 0)
    if (depth > DEEPEST) return
    this.#kept.set(number, { value, size, isFlat: depth === 1 && !Array.isArray(value) })
    this.#size += size
    while (this.#size > this.#most) {
      const { value: oldest } = this.#oldest.next()
      this.#size -= this.#kept.get(oldest).size
      this.#kept.delete(oldest)
    }
  }
}

/** How many objects there are within each other, as far as that matters. */
function depthOf(value, above) {
  if (typeof value !== 'object' || value === null) return above
  let depth = above + 1
  if (depth > DEEPEST) return depth
  for (const member of Object.values(value)) {
    if (typeof member === 'object') depth = Math.max(depth, depthOf(member, above + 1))
  }
  return depth
}

function copyOf(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const copy = { ...value }
  for (const name of Object.keys(copy)) {
    // It is a member of the copy already, so even `__proto__` is only a name.
    if (typeof copy[name] === 'object') copy[name] = copyOf(copy[name])
  }
  return copy
}

module.exports = { ParsedMessages }
