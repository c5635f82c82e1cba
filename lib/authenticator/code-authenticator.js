// Signs code and says later whether it is still what was signed.
//
// What is signed and compared is the addon's (crates/sigil/src/authenticator). Here the key and the
// record are found, each by its name: nothing is loaded that is not asked for, and nothing is known
// that the store does not have, so a new instance says the same.

const { isUtf8 } = require('node:buffer')
const { isUint8Array } = require('node:util/types')
const { carefully } = require('../carefully.js')
const { errorOf } = require('../errors.js')
const { isoNow } = require('../clock.js')
const { given, isPromise } = require('../given.js')
const { InMemoryStorageDriver } = require('../memory-store.js')
const { callNative } = require('../native.js')
const { checkNames } = require('../option-names.js')
const { isWellFormed } = require('../well-formed.js')
const { KEY_SYMBOL, KeyRing } = require('./key-ring.js')

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
const OPTIONS = ['tenantId', 'key']
/** What is sealed of a record. Others may have put something beside it. */
const SEALED = [
  'sigil',
  'authHash',
  'codeDNA',
  'resonanceNetworks',
  'consciousnessState',
  'codeContext',
  'signedAt',
  'seal',
]
/** No field of a header that was signed is as long. */
const LONGEST_FIELD = 1024
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
        throw invalid(CLASS, `takes (store, options): a store has ${STORE_METHODS.join(', ')}`)
      }
      if (typeof options !== 'object' || options === null)
        throw invalid(CLASS, 'takes its options as an object')
      // One that is misspelt must not make a tenant's code everybody's.
      checkNames(CLASS, options, OPTIONS)
      return { tenantId: options.tenantId, key: options.key }
    })
    if (tenantId !== undefined && (typeof tenantId !== 'string' || !isTenant(tenantId))) {
      const message = `a tenant is well-formed text that is not empty, not ${given(tenantId)}`
      throw errorOf('TENANT_ISOLATION_ERROR', message, { operation: CLASS })
    }
    this.#storage = storage
    this.#tenant = tenantId
    this.#keys = new KeyRing(storage, key)
  }

  /** Finds the key, or makes the store's first one. Signing does it where nobody did. */
  async initialize() {
    await this.#keys.current()
  }

  async embedConsciousnessSigil(source, consciousnessState = {}, codeContext = {}) {
    const operation = 'embedConsciousnessSigil'
    const { code, isExact } = textOfCode(operation, source)
    if (!isExact) throw invalid(operation, 'needs well-formed text, or UTF-8, as code')
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

  async verifyCodeAuthenticity(given) {
    const operation = 'verifyCodeAuthenticity'
    const { code, isExact } = textOfCode(operation, given)
    const file = callNative(operation, (addon) => addon.readSignedFile(code)) ?? undefined
    if (file === undefined) return this.#reject('no-header')
    const header = callNative(operation, () => file.header())
    const { symbol, authHash } = header
    if (isTooLong(header)) return this.#reject('header-changed')
    const { reason, record } = await this.#examine(operation, file, header)
    if (reason !== undefined) return this.#reject(reason, symbol, authHash)
    // What is ill-formed was read as if placeholders stood there.
    if (!isExact) return this.#reject('code-changed', symbol, authHash)
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
    // Under that symbol there are keys, which are nobody's to have.
    if (symbol === KEY_SYMBOL) return undefined
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

  async #examine(operation, file, { symbol, authHash, keyId }) {
    const key = await this.#keys.find(keyId)
    const found = await this.lookupAuthentication(symbol, authHash)
    const text = jsonOf(found)
    const record = text === undefined ? undefined : JSON.parse(text)
    if (key === undefined) return { reason: reasonWithoutKey(keyId, record) }
    const tenant = this.#tenant ?? ''
    const reason = callNative(operation, () => file.judge(key.text, tenant, text))
    if (reason === 'unknown-record' && found !== undefined) return { reason: 'record-changed' }
    if (typeof reason === 'string') return { reason }
    return { record: Object.fromEntries(SEALED.map((field) => [field, record[field]])) }
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

/** Whether some field of a header is longer than any that was signed, and than stores take names. */
function isTooLong(header) {
  return Object.values(header).some((field) => field.length > LONGEST_FIELD)
}

/** Code as text, and whether it is that: bytes need not be UTF-8, nor strings well-formed. */
function textOfCode(operation, source) {
  if (typeof source === 'string') return { code: source, isExact: isWellFormed(source) }
  if (!isUint8Array(source))
    throw invalid(operation, `needs a string or bytes as code, not ${given(source)}`)
  return {
    code: new TextDecoder('utf-8', { ignoreBOM: true }).decode(source),
    isExact: isUtf8(source),
  }
}

function textOf(operation, name, value) {
  let text
  try {
    // JSON makes nothing of it, and nobody would notice.
    if (!isPromise(value)) text = JSON.stringify(value)
  } catch (cause) {
    throw errorOf('INVALID_PARAMETERS', `${name} has no JSON text`, { operation, cause })
  }
  if (text !== undefined) return text
  throw invalid(operation, `needs ${name} that has a JSON text, not ${given(value)}`)
}

function invalid(operation, rule) {
  return errorOf('INVALID_PARAMETERS', `${operation} ${rule}`, { operation })
}

module.exports = { SigilBasedCodeAuthenticator }
