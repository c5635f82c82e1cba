// The messenger's StorageEncryption, byte for byte as its design has it, for what the messenger
// encrypts by itself. StorageEngine does not use it.

const { createHash, randomBytes, timingSafeEqual } = require('node:crypto')
const { isUint8Array } = require('node:util/types')
const { errorOf, fromNative } = require('./errors.js')
const { invalid } = require('./messenger-arguments.js')
const { anySecretOf, forget } = require('./messenger-password.js')
const { callNative } = require('./native.js')

const SALT = 64

class StorageEncryption {
  #cipher

  /** Derives the key. Without a salt it is a random one, which nobody learns. */
  async initialize(password, salt) {
    const operation = 'initialize'
    if (salt !== undefined && salt !== null && !isUint8Array(salt)) {
      throw invalid(operation, 'a salt that is a Buffer')
    }
    const secret = anySecretOf(operation, password)
    const used = salt ?? randomBytes(SALT)
    try {
      this.#cipher = await callNative(operation, (addon) => addon.messengerCipher(secret, used))
    } catch (thrown) {
      throw fromNative(thrown, operation)
    } finally {
      forget(secret)
    }
  }

  /** Base64 of nonce, tag and encrypted bytes. */
  encrypt(plaintext) {
    const operation = 'encrypt'
    const cipher = this.#initialized(operation)
    if (typeof plaintext !== 'string' && !isUint8Array(plaintext)) {
      throw invalid(operation, 'text or a Buffer')
    }
    return call(operation, () => cipher.encrypt(plaintext)).toString('base64')
  }

  decrypt(ciphertext) {
    const operation = 'decrypt'
    const cipher = this.#initialized(operation)
    if (typeof ciphertext !== 'string') throw invalid(operation, 'text in base64')
    return call(operation, () => cipher.decrypt(Buffer.from(ciphertext, 'base64')))
  }

  decryptToString(ciphertext) {
    return this.decrypt(ciphertext).toString('utf8')
  }

  generateKey() {
    return randomBytes(32).toString('hex')
  }

  hash(data) {
    return createHash('sha256').update(data).digest('hex')
  }

  secureCompare(a, b) {
    const [first, second] = [Buffer.from(a), Buffer.from(b)]
    return first.length === second.length && timingSafeEqual(first, second)
  }

  #initialized(operation) {
    if (this.#cipher === undefined) {
      throw errorOf('NOT_INITIALIZED', 'Encryption not initialized', { operation })
    }
    return this.#cipher
  }
}

function call(operation, body) {
  try {
    return body()
  } catch (thrown) {
    throw fromNative(thrown, operation)
  }
}

module.exports = { StorageEncryption }
