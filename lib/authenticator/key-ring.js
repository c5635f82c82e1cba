// The keys that code is signed with.
//
// A key that its user gives is used alone and never stored. Otherwise the store has them: each under
// its own id, and beside them the id of the one to sign with. A key is made once; should two
// processes make one at the same moment, both keys are there, and what either has signed is
// verified.

const { randomBytes } = require('node:crypto')
const { isUint8Array } = require('node:util/types')
const { carefully } = require('../carefully.js')
const { errorOf } = require('../errors.js')
const { given } = require('../given.js')
const { callNative } = require('../native.js')

const CLASS = 'SigilBasedCodeAuthenticator'
const SYMBOL = 'sigil-authentication-key'
const CURRENT = 'current'
const HEX = /^[0-9a-f]{64}$/i

/** Of each store, the making of its key: within a process there is one. */
const making = new WeakMap()

class KeyRing {
  #storage
  #given
  #known = new Map()

  /** @param {string | Uint8Array | undefined} key 32 bytes, or their hex digits */
  constructor(storage, key) {
    this.#storage = storage
    if (key === undefined) return
    const text = carefully(CLASS, 'the key', () =>
      isUint8Array(key) ? Buffer.from(key).toString('hex') : key,
    )
    this.#given = { id: idOf(text), text }
  }

  /** The key to sign with. */
  async current() {
    if (this.#given) return this.#given
    if (!making.has(this.#storage)) {
      const found = findOrMake(this.#storage)
      making.set(this.#storage, found)
      found.catch(() => making.delete(this.#storage))
    }
    return making.get(this.#storage)
  }

  /** The key of an id; undefined where there is none. */
  async find(id) {
    if (this.#given) return id === this.#given.id ? this.#given : undefined
    if (!this.#known.has(id)) {
      const key = id === '' ? undefined : await read(this.#storage, id)
      if (key === undefined) return undefined
      this.#known.set(id, key)
    }
    return this.#known.get(id)
  }
}

async function findOrMake(storage) {
  const current = await storage.getSigilRecord(SYMBOL, CURRENT)
  if (current !== undefined && current !== null) {
    const key = await read(storage, textIn(current, 'keyId'))
    if (key === undefined) {
      const message = 'the store names a key that it does not have'
      throw errorOf('STORAGE_ERROR', message, { operation: 'getSigilRecord' })
    }
    return key
  }
  const text = randomBytes(32).toString('hex')
  const [id, createdAt] = [idOf(text), new Date().toISOString()]
  await storage.setSigilRecord(SYMBOL, id, { key: text, createdAt })
  await storage.setSigilRecord(SYMBOL, CURRENT, { keyId: id, createdAt })
  return { id, text }
}

async function read(storage, id) {
  if (id === undefined) return undefined
  const text = textIn(await storage.getSigilRecord(SYMBOL, id), 'key')
  // What was damaged in the store is no key, and nobody's mistake here.
  if (text === undefined || !HEX.test(text) || idOf(text) !== id) return undefined
  return { id, text }
}

/** A field of a record that is text. */
function textIn(record, field) {
  return carefully('getSigilRecord', 'a record of the store', () =>
    typeof record?.[field] === 'string' ? record[field] : undefined,
  )
}

function idOf(text) {
  if (typeof text !== 'string') {
    const message = `a key is 32 bytes, or 64 hex digits, not ${given(text)}`
    throw errorOf('INVALID_PARAMETERS', message, { operation: CLASS })
  }
  return callNative(CLASS, ({ codeKeyId }) => codeKeyId(text))
}

module.exports = { KeyRing, KEY_SYMBOL: SYMBOL }
