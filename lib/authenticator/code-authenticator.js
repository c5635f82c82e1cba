// Signs code and says later whether it is still what was signed.
//
// What is signed and compared is the addon's (crates/sigil/src/authenticator). Here the key and the
// record are found, each by its name: nothing is loaded that is not asked for, and nothing is known
// that the store does not have, so a new instance says the same.

const { carefully } = require('../carefully.js')
const { errorOf } = require('../errors.js')
const { isoNow } = require('../clock.js')
const { InMemoryStorageDriver } = require('../memory-store.js')
const { callNative } = require('../native.js')
const { isWellFormed } = require('../well-formed.js')
const { KeyRing } = require('./key-ring.js')

const MESSAGES = {
  'no-header': 'the code carries no header',
  'header-changed': 'the header is not as it was signed',
  'header-moved': 'the header was signed for other code, or another place in it',
  'other-tenant': 'the code was signed for another tenant',
  'unknown-key': 'the code was signed with a key that is not known here',
  'unknown-record': 'there is no record of this signature',
  'record-unsealed': 'the record is of an old kind, which says nothing of the code',
  'record-changed': 'the record is not as it was stored',
  'line-endings-changed': 'line endings were changed, and nothing else',
  'code-changed': 'the code is not as it was signed',
}
const CLASS = 'SigilBasedCodeAuthenticator'
const STORE_METHODS = ['setSigilRecord', 'getSigilRecord']

class SigilBasedCodeAuthenticator {
  #storage
  #keys
  #tenant
  #signed = 0
  #authentic = 0
  #rejected = new Map()

  /**
   * @param {object} [storage] a store, by default one in memory
   * @param {object} [options]
   * @param {string} [options.tenantId] whose code it is; the records are that tenant's alone
   * @param {string | Uint8Array} [options.key] 32 bytes, or their hex digits; by default the store's
   */
  constructor(storage = new InMemoryStorageDriver(), options = {}) {
    const { tenantId, key } = carefully(CLASS, 'the store and its options', () => {
      if (STORE_METHODS.some((name) => typeof storage?.[name] !== 'function')) {
        throw errorOf('INVALID_PARAMETERS', `a store has the methods ${STORE_METHODS.join(', ')}`)
      }
      if (typeof options !== 'object' || options === null) throw invalid(CLASS, 'takes an object')
      return { tenantId: options.tenantId, key: options.key }
    })
    if (tenantId !== undefined && (typeof tenantId !== 'string' || !isTenant(tenantId))) {
      throw errorOf('TENANT_ISOLATION_ERROR', 'a tenant is well-formed text that is not empty')
    }
    this.#storage = storage
    this.#tenant = tenantId
    this.#keys = new KeyRing(storage, key)
  }

  /** Finds the key, or makes the store's first one. Signing does it where nobody did. */
  async initialize() {
    await this.#keys.current()
  }

  async embedConsciousnessSigil(code, consciousnessState = {}, codeContext = {}) {
    const operation = 'embedConsciousnessSigil'
    checkCode(operation, code)
    if (!isWellFormed(code)) throw invalid(operation, 'needs well-formed text as code')
    const draft = {
      code,
      state: textOf(operation, 'consciousnessState', consciousnessState),
      context: textOf(operation, 'codeContext', codeContext),
      tenant: this.#tenant ?? '',
      signedAt: isoNow(),
    }
    const { text: key } = await this.#keys.current()
    const { file, record, symbol, authHash } = callNative(operation, (addon) =>
      addon.signCode(key, draft),
    )
    const authRecord = JSON.parse(record)
    await this.#storage.setSigilRecord(...this.#nameOf(symbol, authHash), authRecord)
    this.#signed += 1
    const { sigil, codeDNA, resonanceNetworks } = authRecord
    return {
      authenticatedCode: file,
      sigil,
      codeDNA,
      authHash,
      resonanceNetworks,
      authRecord,
      consciousnessAuthenticated: true,
    }
  }

  async verifyCodeAuthenticity(code) {
    const operation = 'verifyCodeAuthenticity'
    checkCode(operation, code)
    const header = callNative(operation, (addon) => addon.findCodeHeader(code)) ?? undefined
    if (header === undefined) return this.#reject('no-header')
    const { symbol, authHash } = header
    const { reason, record } = await this.#examine(operation, code, header)
    if (reason !== undefined) return this.#reject(reason, symbol, authHash)
    this.#authentic += 1
    return {
      authentic: true,
      confidence: 1,
      sigil: record.sigil,
      codeDNA: record.codeDNA,
      authHash,
      authRecord: record,
    }
  }

  /** The record of a signature; undefined where there is none. */
  async lookupAuthentication(sigil, authHash) {
    const symbol = carefully('lookupAuthentication', 'the sigil', () =>
      typeof sigil === 'string' ? sigil : sigil?.symbol,
    )
    return (await this.#storage.getSigilRecord(...this.#nameOf(symbol, authHash))) ?? undefined
  }

  /** What this instance has done. */
  getAuthenticationStats() {
    const rejected = Object.fromEntries(this.#rejected)
    const rejections = Object.values(rejected).reduce((sum, count) => sum + count, 0)
    return {
      signed: this.#signed,
      verified: this.#authentic + rejections,
      authentic: this.#authentic,
      rejected,
    }
  }

  async #examine(operation, code, { symbol, authHash, keyId }) {
    const key = await this.#keys.find(keyId)
    const found = await this.lookupAuthentication(symbol, authHash)
    const text = jsonOf(found)
    const record = text === undefined ? undefined : JSON.parse(text)
    if (key === undefined) return { reason: reasonWithoutKey(keyId, record) }
    const tenant = this.#tenant ?? ''
    const wrong = callNative(operation, (addon) => addon.checkCodeHeader(key.text, tenant, code))
    if (typeof wrong === 'string') return { reason: wrong }
    if (found === undefined) return { reason: 'unknown-record' }
    if (record === undefined) return { reason: 'record-changed' }
    const differs = callNative(operation, (addon) => addon.verifyCode(key.text, code, text))
    if (typeof differs === 'string') return { reason: differs }
    // The addon reads ill-formed text as if a placeholder stood there.
    if (!isWellFormed(code)) return { reason: 'code-changed' }
    return { record }
  }

  #reject(reason, symbol, authHash) {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1)
    const named = symbol === undefined ? {} : { sigil: { symbol }, authHash }
    return { authentic: false, reason, message: MESSAGES[reason], confidence: 0, ...named }
  }

  #nameOf(symbol, authHash) {
    return this.#tenant === undefined ? [symbol, authHash] : [this.#tenant, symbol, authHash]
  }
}

/** The text of a record, as a store of the caller's own gives it; undefined where it is none. */
function jsonOf(record) {
  try {
    const text = JSON.stringify(record)
    return text?.startsWith('{') ? text : undefined
  } catch {
    return undefined
  }
}

/** Old headers name no key. One whose record names another key was edited. */
function reasonWithoutKey(keyId, record) {
  if (record === undefined) return keyId === '' ? 'unknown-record' : 'unknown-key'
  if (record.seal === undefined) return 'record-unsealed'
  return record.seal?.keyId === keyId ? 'unknown-key' : 'header-changed'
}

function isTenant(tenant) {
  return tenant !== '' && isWellFormed(tenant)
}

function checkCode(operation, code) {
  if (typeof code !== 'string') throw invalid(operation, 'needs a string as code')
}

function textOf(operation, name, value) {
  let text
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw errorOf('INVALID_PARAMETERS', `${name} has no JSON text`, { operation, cause })
  }
  if (text === undefined) throw invalid(operation, `needs ${name} that has a JSON text`)
  return text
}

function invalid(operation, rule) {
  return errorOf('INVALID_PARAMETERS', `${operation} ${rule}`, { operation })
}

module.exports = { SigilBasedCodeAuthenticator }
