// What becomes of a password that was given: its bytes are zeroed as soon as they were used, and
// whenever they can be of no more use. Texts that have no UTF-8 form are refused: two would have one
// key.

const { writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { StorageEncryption, StorageEngine } = require('sigil-vault')
const { PASSWORD, cleanUp, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)
afterEach(() => jest.restoreAllMocks())

const engine = (dataPath, config) =>
  new StorageEngine({ dataPath, encryptionPassword: PASSWORD, autoBackup: false, ...config })

/** The buffers that passwords are put into from now on. */
function watchSecrets() {
  const made = []
  const alloc = Buffer.alloc
  jest.spyOn(Buffer, 'alloc').mockImplementation((size, fill, ...rest) => {
    const buffer = alloc(size, fill, ...rest)
    if (typeof fill === 'string') made.push(buffer)
    return buffer
  })
  return made
}

const isZero = (buffer) => buffer.every((byte) => byte === 0)

async function expectForgotten(store, secrets, code) {
  const first = await store.initialize().catch((error) => error)
  expect(first.code).toBe(code)
  expect(secrets.length).toBeGreaterThan(0)
  expect(secrets.every(isZero)).toBe(true)
  await expect(store.initialize()).rejects.toMatchObject({
    code: 'NOT_INITIALIZED',
    message: 'a StorageEngine that could not be opened has forgotten its password',
    cause: first,
  })
  await store.close()
}

test('a password that is wrong is not kept', async () => {
  const dataPath = newDirectory()
  await (await openStore(dataPath)).close()
  const secrets = watchSecrets()
  await expectForgotten(engine(dataPath, { encryptionPassword: 'wrong' }), secrets, 'KEY_WRONG')
})

test('nor is one of a store that can never be opened', async () => {
  const dataPath = newDirectory()
  await (await openStore(dataPath)).close()
  for (const name of ['keys-a', 'keys-b']) writeFileSync(join(dataPath, 'g3zkp-db', name), '')
  const secrets = watchSecrets()
  await expectForgotten(engine(dataPath), secrets, 'HEADER_DAMAGED')
})

test('one that can be tried again is kept until then, and until the end at most', async () => {
  const dataPath = newDirectory()
  const first = await openStore(dataPath)
  const secrets = watchSecrets()
  const [second, third] = [engine(dataPath), engine(dataPath)]
  for (const store of [second, third, second]) {
    await expect(store.initialize()).rejects.toMatchObject({ code: 'LEVEL_LOCKED' })
  }
  expect(secrets.map(isZero)).toEqual([false, false])
  await third.close()
  expect(secrets.map(isZero)).toEqual([false, true])
  await first.close()
  await second.initialize()
  expect(secrets.every(isZero)).toBe(true)
  await second.close()
})

test('passwords of calls are zeroed whatever becomes of the call', async () => {
  const secrets = watchSecrets()
  const store = await openStore()
  const path = await store.backup()
  await store.changePassword(PASSWORD, 'another')
  await expect(store.changePassword('wrong', 'x')).rejects.toMatchObject({ code: 'KEY_WRONG' })
  await store.verifyBackup(path, { password: PASSWORD })
  await expect(store.restore(path, { password: 'wrong' })).rejects.toThrow()
  await new StorageEncryption().initialize('password')
  expect(secrets).toHaveLength(8)
  expect(secrets.every(isZero)).toBe(true)
})

test('what is no password', async () => {
  const store = await openStore()
  const encryption = new StorageEncryption()
  const refused = { code: 'INVALID_PARAMETERS' }
  const others = [undefined, null, 5, ['a'], Buffer.from('a'), 'a\ud800', '\udc00b']
  for (const wrong of [...others, '']) {
    const config = { dataPath: 'somewhere', encryptionPassword: wrong }
    expect(() => new StorageEngine(config)).toThrow(expect.objectContaining(refused))
    await expect(store.changePassword(PASSWORD, wrong)).rejects.toMatchObject(refused)
    await expect(store.changePassword(wrong, 'x')).rejects.toMatchObject(refused)
    if (wrong !== undefined) {
      await expect(store.restore('path', { password: wrong })).rejects.toMatchObject(refused)
    }
  }
  for (const wrong of others) {
    await expect(encryption.initialize(wrong)).rejects.toMatchObject(refused)
  }
  // The design takes it, and one of its vectors has it.
  await encryption.initialize('')
})
