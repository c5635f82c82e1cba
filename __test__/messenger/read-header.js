// A second reader of the header, made from docs/format/vault.md with node:crypto.

const crypto = require('node:crypto')
const { PASSWORD } = require('./helpers.js')

const hkdf = (key, salt, info, length = 32) =>
  Buffer.from(crypto.hkdfSync('sha256', key, salt, info, length))

function open(key, nonce, associated, sealed) {
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

function rootKey(bytes, offset, password = PASSWORD) {
  expect(bytes.readUInt8(offset)).toBe(1)
  const rounds = bytes.readUInt32LE(offset + 1)
  const salt = bytes.subarray(offset + 13, offset + 45)
  return { salt, root: crypto.pbkdf2Sync(password, salt, rounds, 32, 'sha512') }
}

function readHeader(bytes, password = PASSWORD) {
  expect(bytes.subarray(0, 8).toString()).toBe('SIGILKEY')
  expect(bytes.readUInt16LE(8)).toBe(1)
  const content = bytes.subarray(0, -32)
  expect(crypto.createHash('sha256').update(content).digest()).toEqual(bytes.subarray(-32))
  const { salt, root } = rootKey(bytes, 34, password)
  expect(hkdf(root, salt, 'sigil-vault 1 check', 16)).toEqual(bytes.subarray(79, 95))
  const key = hkdf(root, salt, 'sigil-vault 1 header')
  const secrets = open(key, bytes.subarray(95, 107), bytes.subarray(0, 111), content.subarray(111))
  expect(content.length - 111).toBe(bytes.readUInt32LE(107))
  const keys = Array.from({ length: secrets.readUInt8(53) }, (_, index) => {
    const at = 54 + 36 * index
    return { id: secrets.readUInt32LE(at), key: secrets.subarray(at + 4, at + 36) }
  })
  return {
    store: bytes.subarray(18, 34),
    root,
    wrapping: key,
    directory: `data-${secrets.readBigUInt64LE(9)}`,
    nameKey: secrets.subarray(21, 53),
    names: hkdf(secrets.subarray(21, 53), '', 'sigil-vault 1 names'),
    keys,
  }
}

module.exports = { hkdf, open, readHeader, rootKey }
