// StorageEncryption is the design's, byte for byte: its vectors both ways, and node:crypto as the
// other side.

const crypto = require('node:crypto')
const { StorageEncryption, StorageError } = require('sigil-vault')
const { cases } = require('../fixtures/storage-encryption.json')

/** The design's class, in as many words as it takes. */
function designCipher(password, salt) {
  const master = crypto.pbkdf2Sync(password, salt, 100_000, 32, 'sha512')
  const key = crypto.createHash('sha256').update(master).digest()
  return {
    key,
    encrypt(plaintext, iv = crypto.randomBytes(16)) {
      const cipher = crypto.createCipheriv('aes-256-gcm', key, iv)
      const encrypted = Buffer.concat([cipher.update(plaintext), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64')
    },
    decrypt(ciphertext) {
      const combined = Buffer.from(ciphertext, 'base64')
      const decipher = crypto.createDecipheriv('aes-256-gcm', key, combined.subarray(0, 16))
      decipher.setAuthTag(combined.subarray(16, 32))
      return Buffer.concat([decipher.update(combined.subarray(32)), decipher.final()])
    },
  }
}

test.each(cases.map((one, index) => [index, one]))('vector %i, both ways', async (_, one) => {
  const encryption = new StorageEncryption()
  await encryption.initialize(one.password, Buffer.from(one.salt_hex, 'hex'))
  expect(encryption.decryptToString(one.ciphertext_base64)).toBe(one.plaintext)
  const design = designCipher(one.password, Buffer.from(one.salt_hex, 'hex'))
  expect(design.key.toString('hex')).toBe(one.encryption_key_hex)
  const iv = Buffer.from(one.iv_hex, 'hex')
  expect(design.encrypt(one.plaintext, iv)).toBe(one.ciphertext_base64)
  expect(design.decrypt(encryption.encrypt(one.plaintext)).toString('utf8')).toBe(one.plaintext)
})

test('node:crypto reads what it writes, of any length, and the other way', async () => {
  const salt = crypto.randomBytes(64)
  const encryption = new StorageEncryption()
  await encryption.initialize('password', salt)
  const design = designCipher('password', salt)
  for (const length of [0, 1, 15, 16, 17, 1_000, 100_000]) {
    const plain = crypto.randomBytes(length)
    expect(design.decrypt(encryption.encrypt(plain))).toEqual(plain)
    const found = encryption.decrypt(design.encrypt(plain))
    expect(Buffer.isBuffer(found)).toBe(true)
    expect(found).toEqual(plain)
  }
})

test('a nonce is used once', async () => {
  const encryption = new StorageEncryption()
  await encryption.initialize('password')
  const nonces = Array.from({ length: 500 }, () => encryption.encrypt('x').slice(0, 20))
  expect(new Set(nonces).size).toBe(500)
})

test('what was changed, and what is of another key, is an error', async () => {
  const [one, other] = [new StorageEncryption(), new StorageEncryption()]
  await one.initialize('password')
  await other.initialize('password')
  const encrypted = one.encrypt('text')
  expect(one.decryptToString(encrypted)).toBe('text')
  const bytes = Buffer.from(encrypted, 'base64')
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes)
    changed[index] ^= 1
    expect(() => one.decrypt(changed.toString('base64'))).toThrow(StorageError)
  }
  for (const wrong of [other.encrypt('text'), '', 'not base64!', encrypted.slice(0, 20)]) {
    expect(() => one.decrypt(wrong)).toThrow(
      expect.objectContaining({ code: 'RECORD_UNREADABLE', operation: 'decrypt' }),
    )
  }
})

test('the rest is what the design has', async () => {
  const encryption = new StorageEncryption()
  expect(() => encryption.encrypt('x')).toThrow('Encryption not initialized')
  expect(() => encryption.decrypt('x')).toThrow('Encryption not initialized')
  expect(encryption.generateKey()).toMatch(/^[0-9a-f]{64}$/)
  expect(encryption.generateKey()).not.toBe(encryption.generateKey())
  expect(encryption.hash('abc')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(encryption.secureCompare('a', 'a')).toBe(true)
  expect(encryption.secureCompare('a', 'b')).toBe(false)
  expect(encryption.secureCompare('a', 'aa')).toBe(false)
  await expect(encryption.initialize(undefined)).rejects.toMatchObject({
    code: 'INVALID_PARAMETERS',
  })
})
