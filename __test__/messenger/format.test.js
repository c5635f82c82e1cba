// A second reader of the format, made from docs/format/vault.md with node:crypto and classic-level:
// what the documents say is what stands on the disk, and the ciphers are those they name.

const crypto = require('node:crypto')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { ClassicLevel } = require('classic-level')
const { cleanUp, newDirectory, openStore } = require('./helpers.js')
const { hkdf, open, readHeader, rootKey } = require('./read-header.js')

afterEach(cleanUp)

function openRecord({ store, keys }, place, sealed) {
  expect(sealed.readUInt8(0)).toBe(1)
  const { id, key } = keys.find((one) => one.id === sealed.readUInt8(1))
  const number = Buffer.alloc(4)
  number.writeUInt32LE(id)
  const associated = Buffer.concat([Buffer.from('sigil-vault 1 record'), store, number, place])
  return open(
    hkdf(key, store, 'sigil-vault 1 records'),
    sealed.subarray(2, 14),
    associated,
    sealed.subarray(14),
  )
}

test('the store is what its document says', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await store.saveMessage({ id: 'm1', sender: 'al', recipient: 'bo', timestamp: 1234.5 })
  await store.rotateKey()
  await store.saveSession('alice', { key: new Uint8Array([7]) })
  await store.close()
  const root = join(dataPath, 'g3zkp-db')
  const header = readHeader(readFileSync(join(root, 'keys-a')))
  expect(header.keys.map(({ id }) => id)).toEqual([2])
  const name = (domain, text) =>
    crypto.createHmac('sha256', header.names).update(domain).update(text).digest().subarray(0, 16)
  const encoding = { keyEncoding: 'buffer', valueEncoding: 'buffer' }
  const db = new ClassicLevel(join(root, header.directory), encoding)
  const place = (space, rest) => Buffer.concat([Buffer.from(space), rest])
  const record = async (where) => openRecord(header, where, await db.get(where))

  const entry = await record(place('i', name('i', 'm1')))
  const label = entry.subarray(2, 2 + entry.readUInt16LE(0))
  expect(entry.subarray(2 + label.length).toString()).toBe('m1')
  const message = await record(place('m', label))
  expect([...message.subarray(0, 2)]).toEqual([1, 3])
  expect(message.readDoubleLE(2)).toBe(1234.5)
  expect(message.subarray(10, 26)).toEqual(name('i', 'm1'))
  expect(message.subarray(26, 42)).toEqual(name('p', 'al'))
  expect(message.subarray(42, 58)).toEqual(name('p', 'bo'))
  expect(message.subarray(58).toString()).toBe(
    '\0 {"id":"m1","sender":"al","recipient":"bo","timestamp":1234.5}',
  )
  for (const peer of ['al', 'bo']) {
    const where = place('p', Buffer.concat([name('p', peer), label]))
    expect(await db.get(where)).toEqual(Buffer.alloc(0))
  }
  const session = await record(place('s', name('S', 'alice')))
  expect(session.readUInt32LE(0)).toBe(5)
  expect(session.subarray(4).toString()).toBe('alice\0\n{"key":{"$bytes":"Bw=="}}')
  expect((await record(place('S', name('S', 'alice')))).toString()).toBe('alice')
  const counters = await record(Buffer.from('c'))
  expect(Array.from({ length: 4 }, (_, n) => counters.readBigUInt64LE(1 + 8 * n))).toEqual([
    1n,
    1n,
    0n,
    0n,
  ])
  // Nothing else is there.
  expect(await db.keys().all()).toHaveLength(7)
  await db.close()
})

test('a backup is what its document says', async () => {
  const store = await openStore()
  for (let n = 0; n < 300; n++)
    await store.saveMessage({ id: `m${n}`, content: crypto.randomBytes(300).toString('hex') })
  const bytes = readFileSync(await store.backup())
  expect(bytes.subarray(0, 8).toString()).toBe('SIGILBAK')
  const end = bytes.length - 32
  expect(crypto.createHash('sha256').update(bytes.subarray(0, end)).digest()).toEqual(
    bytes.subarray(end),
  )
  const { salt, root } = rootKey(bytes, 10)
  expect(hkdf(root, salt, 'sigil-vault 1 check', 16)).toEqual(bytes.subarray(55, 71))
  const wrapping = hkdf(root, salt, 'sigil-vault 1 backup')
  const own = open(wrapping, bytes.subarray(79, 91), bytes.subarray(0, 91), bytes.subarray(91, 139))
  const digest = crypto.createHash('sha256').update(bytes.subarray(0, 139)).digest()
  const key = hkdf(own, digest, 'sigil-vault 1 backup chunks')
  const pieces = []
  for (let number = 0, offset = 139; offset < end; number++) {
    const size = Math.min(65_536 + 16, end - offset)
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(number, 7)
    nonce.writeUInt8(offset + size === end ? 1 : 0, 11)
    const chunk = bytes.subarray(offset, offset + size)
    pieces.push(open(key, nonce, Buffer.alloc(0), chunk))
    offset += size
  }
  expect(pieces.length).toBeGreaterThan(1)
  // The magic number of a Zstandard frame.
  expect(pieces[0].readUInt32LE(0)).toBe(0xfd2fb528)
})
