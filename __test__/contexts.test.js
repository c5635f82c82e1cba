// Guards the package against being loaded more than once in a process, as jest and hot reloading
// do, and against values of other realms: what looks right must not be refused for its prototype.

const { createContext, runInContext } = require('node:vm')
const { scratchFolder } = require('./support/scratch.js')
const { expectUnlocked } = require('./support/unlocked.js')

const scratch = scratchFolder()

function loadedAnew() {
  jest.resetModules()
  return require('sigil-vault')
}

test('stores of two copies of the package share one open database', async () => {
  const path = scratch('shared')
  const [one, other] = [loadedAnew(), loadedAnew()]
  expect(one.LevelDBSigilAdapter).not.toBe(other.LevelDBSigilAdapter)
  const [first, second] = [new one.LevelDBSigilAdapter(path), new other.LevelDBSigilAdapter(path)]
  await first.setSigilRecord('s', 'h', { n: 1 })
  expect(await second.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await first.close()
  await second.setSigilRecord('s', 'h', { n: 2 })
  expect(await second.getSigilRecord('s', 'h')).toEqual({ n: 2 })
  await second.close()
  await expectUnlocked(path)
})

test('a copy that is thrown away takes nothing from another', async () => {
  const path = scratch('thrown')
  const kept = loadedAnew()
  const store = new kept.LevelDBSigilAdapter(path)
  await store.setSigilRecord('s', 'h', { n: 1 })
  for (let n = 0; n < 20; n++) {
    const thrown = new (loadedAnew().LevelDBSigilAdapter)(path)
    await thrown.open()
    await thrown.close()
  }
  expect(await store.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await store.close()
})

test('values of another realm are what they look like', async () => {
  const {
    AbortError,
    LevelDBSigilAdapter,
    SigilBasedCodeAuthenticator,
    StorageEncryption,
    StorageEngine,
  } = require('sigil-vault')
  const realm = createContext({ AbortController })
  const there = (code) => runInContext(`(${code})`, realm)
  const store = new LevelDBSigilAdapter(scratch('realm'), there('{ writeBufferSize: 65536 }'))
  await store.setSigilRecord('s', 'h', there('{ list: [1, 2], at: new Date(0) }'))
  expect(await store.getSigilRecord('s', 'h')).toEqual({ list: [1, 2], at: new Date(0).toJSON() })
  const entry = "{ type: 'put', tenantId: 't', sigilId: 's', authHash: 'h', record: { n: 3 } }"
  await store.batch(there(`[${entry}]`))
  expect(await store.getMany(there("[['t', 's', 'h'], ['none', 'h']]"))).toMatchObject([
    { n: 3 },
    undefined,
  ])
  const bytes = there('Uint8Array.of(1, 0, 255)')
  const view = { keyEncoding: 'view', valueEncoding: 'view' }
  await store.db.put(bytes, bytes, view)
  expect(Array.from(await store.db.get(bytes, view))).toEqual([1, 0, 255])
  const signal = there('(() => { const c = new AbortController(); c.abort(); return c.signal })()')
  const given = store.getSigilRecord('s', 'h', { signal })
  await expect(given).rejects.toThrow(AbortError)
  const key = there('new Uint8Array(32).fill(7)')
  const authenticator = new SigilBasedCodeAuthenticator(store, { key })
  const { authenticatedCode } = await authenticator.embedConsciousnessSigil(
    'x',
    there('{ phi: 1 }'),
  )
  expect(await authenticator.verifyCodeAuthenticity(authenticatedCode)).toMatchObject({
    authentic: true,
  })
  await store.close()

  const cipher = new StorageEncryption()
  await cipher.initialize('a password', there('new Uint8Array(32)'))
  const sealed = cipher.encrypt(there('Uint8Array.of(104, 105)'))
  expect(cipher.decryptToString(sealed)).toBe('hi')

  const engine = new StorageEngine({
    dataPath: scratch('messenger'),
    encryptionPassword: 'a password for the test',
    autoBackup: false,
  })
  await engine.initialize()
  const message = there(`{
    id: 'm', sender: 'a', recipient: 'b', timestamp: new Date(5),
    content: { key: Uint8Array.of(7, 8), map: new Map([['k', 9n]]) },
  }`)
  await engine.saveMessage(message)
  const saved = await engine.getMessage('m')
  expect(saved.timestamp).toEqual(new Date(5))
  expect(saved.content.key).toEqual(Uint8Array.of(7, 8))
  expect(saved.content.map).toEqual(new Map([['k', 9n]]))
  await engine.close()
})
