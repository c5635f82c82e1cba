// Nothing of what was stored, and nothing that names it, stands in any file: random canaries in every
// field of every kind, nested ones and bytes among them, looked for in the log, in tables, in backups,
// after keys and passwords were changed, and after a restore.

const { randomBytes } = require('node:crypto')
const { Level } = require('sigil-vault')
const { encode } = require('../../lib/messenger-values.js')
const { cleanUp, filesIn, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)

/** Makes canaries, and what is looked for: each of them in the forms that it could have in a file. */
function canaries() {
  const needles = []
  const look = (name, ...forms) => {
    for (const form of forms) needles.push({ name, form: Buffer.from(form) })
  }
  const text = (name) => {
    const made = `${name}-${randomBytes(9).toString('hex')}⟨φ⟩`
    // Without its name, so that no other has it.
    const own = made.slice(name.length + 1)
    look(name, own, Buffer.from(own, 'utf16le'), Buffer.from(made).toString('base64').slice(0, -4))
    return made
  }
  const bytes = (name) => {
    const made = randomBytes(24)
    look(name, made, made.toString('base64'), made.toString('hex'), made.subarray(6, 18))
    return made
  }
  const number = (name) => {
    const made = 1_600_000_000_000 + randomBytes(4).readUInt32LE()
    const [double, whole] = [Buffer.alloc(8), Buffer.alloc(8)]
    double.writeDoubleLE(made)
    whole.writeBigUInt64LE(BigInt(made))
    look(name, String(made), double, whole.subarray(0, 6))
    look(name, Buffer.from(double).reverse(), Buffer.from(whole).reverse().subarray(2))
    return made
  }
  const big = (name) => {
    const made = BigInt(`0x${bytes(name).toString('hex')}`)
    look(name, String(made))
    return made
  }
  const date = (name) => {
    const made = new Date(number(name))
    look(name, made.toISOString())
    return made
  }
  return { needles, text, bytes, number, big, date }
}

/** A value with canaries everywhere. */
function valueWith(kind, { text, bytes, number, big, date }) {
  const name = (what) => `${kind} ${what}`
  return {
    text: text(name('text')),
    [text(name('key of a member'))]: 1,
    nested: [{ deep: [text(name('nested')), { buffer: bytes(name('nested buffer')) }] }],
    bytes: new Uint8Array(bytes(name('bytes'))),
    map: new Map([[text(name('key of a map')), bytes(name('value in a map'))]]),
    big: big(name('big')),
    when: date(name('date')),
    number: number(name('number')),
    // Long enough to be compressed.
    long: text(name('long')).repeat(20),
  }
}

/** Everything is saved, and the same once more that is deleted again. */
function fillWith(made) {
  const { text, number } = made
  const items = ['Session', 'Proof', 'Peer'].map((kind) => {
    return { kind, id: text(`id of a ${kind}`), value: valueWith(kind, made) }
  })
  const message = {
    id: text('id of a message'),
    sender: text('sender'),
    recipient: text('recipient'),
    timestamp: number('timestamp'),
    content: valueWith('message', made),
  }
  const deleted = { ...message, id: text('id of what is deleted') }
  const gone = text('id of a session that is deleted')
  return async (store) => {
    await store.saveMessage(message)
    await store.saveMessage(deleted)
    await store.saveSession(gone, { of: gone })
    for (const { kind, id, value } of items) await store[`save${kind}`](id, value)
    await store.deleteMessage(deleted.id)
    await store.deleteSession(gone)
  }
}

const foundIn = (files, needles) =>
  files.flatMap(({ path, bytes }) =>
    needles.filter(({ form }) => bytes.includes(form)).map(({ name }) => ({ path, name })),
  )

test('no canary of any field of any kind is in any file', async () => {
  const made = canaries()
  const [dataPath, password] = [newDirectory(), made.text('password')]
  const fill = fillWith(made)
  const store = await openStore(dataPath, { encryptionPassword: password })
  const find = () => foundIn(filesIn(dataPath), made.needles)
  await fill(store)
  expect(find()).toEqual([])
  await store.purge()
  const backup = await store.backup()
  expect(find()).toEqual([])
  await store.rotateKey()
  await fill(store)
  await store.changePassword(password, made.text('another password'))
  await store.backup()
  expect(find()).toEqual([])
  await store.restore(backup, { password })
  await fill(store)
  expect(find()).toEqual([])
  await store.close()
  expect(find()).toEqual([])
  expect(filesIn(dataPath).length).toBeGreaterThan(7)
  expect(made.needles.length).toBeGreaterThan(150)
}, 60_000)

test('where nothing is encrypted every one of them is found', async () => {
  const made = canaries()
  const path = newDirectory()
  const level = new Level(path, { compression: 'none' })
  let calls = 0
  const save = (...given) => level.put(`call ${calls++}`, encode('', given))
  const plain = {
    saveMessage: save,
    saveSession: save,
    saveProof: save,
    savePeer: save,
    deleteMessage: () => {},
    deleteSession: () => {},
  }
  await fillWith(made)(plain)
  await level.close()
  const found = new Set(foundIn(filesIn(path), made.needles).map(({ name }) => name))
  expect(made.needles.filter(({ name }) => !found.has(name))).toEqual([])
  expect(found.size).toBeGreaterThan(40)
})
