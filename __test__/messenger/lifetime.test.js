// Beginning and end: what can be called when, what closing waits for, and what a store leaves
// behind in a process.

const { spawnSync } = require('node:child_process')
const { existsSync, readdirSync, rmSync, statSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { ClassicLevel } = require('classic-level')
const { InvalidParametersError, StorageEngine } = require('sigil-vault')
const { PASSWORD, cleanUp, filesIn, newDirectory, openStore, root } = require('./helpers.js')

afterEach(cleanUp)

const CALLS = {
  saveMessage: [{ id: '1' }],
  getMessage: ['1'],
  getMessagesByPeer: ['a'],
  getRecentMessages: [],
  deleteMessage: ['1'],
  saveSession: ['a', {}],
  getSession: ['a'],
  deleteSession: ['a'],
  getAllSessions: [],
  saveProof: ['a', {}],
  getProof: ['a'],
  savePeer: ['a', {}],
  getPeer: ['a'],
  getAllPeers: [],
  getStats: [],
  clearAllData: [],
  purge: [],
  backup: [],
  verifyBackup: ['path'],
  restore: ['path'],
  changePassword: ['a', 'b'],
  rotateKey: [],
  verify: [],
}

test('before initialize and after close every call says so', async () => {
  const dataPath = newDirectory()
  const store = new StorageEngine({ dataPath, encryptionPassword: PASSWORD })
  const refused = async () => {
    for (const [name, args] of Object.entries(CALLS)) {
      const call = store[name](...args)
      expect(call).toBeInstanceOf(Promise)
      await expect(call).rejects.toMatchObject({
        message: 'StorageEngine not initialized',
        code: 'NOT_INITIALIZED',
        operation: name,
      })
    }
  }
  await refused()
  expect(readdirSync(dataPath)).toEqual([])
  await store.initialize()
  await store.initialize()
  await store.close()
  await store.close()
  await refused()
  await expect(store.initialize()).rejects.toMatchObject({
    message: 'StorageEngine not initialized',
    code: 'NOT_INITIALIZED',
  })
  const unused = new StorageEngine({ dataPath, encryptionPassword: PASSWORD })
  await unused.close()
})

test('closing waits for what is under way', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  const saves = Array.from({ length: 200 }, (_, n) => store.saveMessage({ id: `${n}` }))
  const others = [store.getStats(), store.getRecentMessages(), store.purge()]
  await store.close()
  await Promise.all([...saves, ...others])
  const again = await openStore(dataPath)
  expect((await again.getStats()).messageCount).toBe(200)
})

/** Asks for more than there is time for, so that something is under way whenever it is closed. */
const several = (ask) => Promise.allSettled(Array.from({ length: 30 }, ask))

async function expectClosed(outcomes, operation) {
  const refused = (await outcomes).filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  const message = 'StorageEngine not initialized'
  for (const { reason } of refused) {
    expect(reason).toMatchObject({ code: 'NOT_INITIALIZED', message, operation })
  }
}

async function saveMany(store) {
  for (let from = 0; from < 20_000; from += 2_000) {
    const save = (_, n) => store.saveMessage({ id: `${from + n}`, timestamp: from + n })
    await Promise.all(Array.from({ length: 2_000 }, save))
  }
}

/** Waits for something that comes. */
async function until(isThere) {
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 1))
}

test('closing does not wait for a rotation, and the next opening goes on with it', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await saveMany(store)
  const header = join(dataPath, 'g3zkp-db', 'keys-a')
  const withOneKey = statSync(header).size
  const outcomes = several(() => store.rotateKey())
  await until(() => store.getMetrics().resealed > 0)
  await store.close()
  await expectClosed(outcomes, 'rotateKey')
  const again = await openStore(dataPath)
  await until(() => statSync(header).size === withOneKey)
  expect(await again.verify()).toMatchObject({ whole: true })
})

test('closing does not wait for a backup, which leaves nothing', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await saveMany(store)
  const backups = join(dataPath, 'backups')
  const outcomes = several(() => store.backup())
  await until(() => existsSync(backups) && readdirSync(backups).length > 0)
  await store.close()
  await expectClosed(outcomes, 'backup')
  expect(readdirSync(backups).filter((name) => !name.endsWith('.json'))).toEqual([])
  const again = await openStore(dataPath)
  expect(await again.verifyBackup(await again.backup())).toMatchObject({ messages: 20_000 })
})

test('closing while it opens', async () => {
  const dataPath = newDirectory()
  const store = new StorageEngine({ dataPath, encryptionPassword: PASSWORD })
  const opening = store.initialize()
  await store.close()
  await expect(opening).rejects.toMatchObject({ code: 'NOT_INITIALIZED' })
  await openStore(dataPath)
})

test('a second store on the directory is refused until the first is closed', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  const second = new StorageEngine({ dataPath, encryptionPassword: PASSWORD })
  await expect(second.initialize()).rejects.toMatchObject({ code: 'LEVEL_LOCKED', transient: true })
  await store.close()
  await second.initialize()
  await second.close()
})

test('a process ends although a store is open, and its next one finds everything', async () => {
  const dataPath = newDirectory()
  const code = `
    const { StorageEngine } = require('sigil-vault')
    const store = new StorageEngine({ dataPath: ${JSON.stringify(dataPath)},
      encryptionPassword: ${JSON.stringify(PASSWORD)}, backupInterval: 50, onFault: () => {} })
    store.initialize().then(() => store.saveMessage({ id: '1' }))`
  const ended = spawnSync(process.execPath, ['--eval', code], { cwd: root, timeout: 15_000 })
  expect(ended).toMatchObject({ status: 0, signal: null })
  expect(await (await openStore(dataPath)).getMessage('1')).toEqual({ id: '1' })
})

test('a worker thread that ends with a store open takes nothing with it', () => {
  const code = `
    const { Worker } = require('node:worker_threads')
    const body = \`
      const { StorageEngine } = require('sigil-vault')
      const store = new StorageEngine({ dataPath: ${JSON.stringify(newDirectory())},
        encryptionPassword: 'x', backupInterval: 5, onFault: () => {} })
      store.initialize().then(async () => {
        require('node:worker_threads').parentPort.postMessage('open')
        for (let n = 0; ; n++) await store.saveMessage({ id: 'm' + n })
      })\`
    const worker = new Worker(body, { eval: true })
    worker.once('message', () => setTimeout(async () => {
      await worker.terminate()
      setTimeout(() => process.stdout.write('alive'), 50)
    }, 50))`
  const ended = spawnSync(process.execPath, ['--eval', code], { cwd: root, timeout: 15_000 })
  expect({ status: ended.status, out: `${ended.stdout}`, err: `${ended.stderr}` }).toEqual({
    status: 0,
    out: 'alive',
    err: '',
  })
})

test('configurations that cannot work', () => {
  const good = { dataPath: 'somewhere', encryptionPassword: 'x' }
  for (const config of [
    undefined,
    {},
    { dataPath: 'somewhere' },
    { encryptionPassword: 'x' },
    { ...good, dataPath: '' },
    { ...good, encryptionPassword: 5 },
    { ...good, backupInterval: 0 },
    { ...good, backupInterval: Number.NaN },
    { ...good, keepBackups: 0 },
    { ...good, maxValueSize: -1 },
    { ...good, onFault: 'no' },
    { ...good, getEpoch: () => 0 },
    { ...good, kdf: { name: 'md5' } },
    { ...good, kdf: { name: 'argon2id', passes: 0.5 } },
    { ...good, durability: 'never' },
  ]) {
    expect(() => new StorageEngine(config)).toThrow(InvalidParametersError)
  }
})

test('what is not a store of ours is not touched', async () => {
  const dataPath = newDirectory()
  const open = () =>
    new StorageEngine({ dataPath, encryptionPassword: PASSWORD, autoBackup: false }).initialize()
  const refuse = async (code) => {
    const before = filesIn(dataPath)
    await expect(open()).rejects.toMatchObject({ code, path: join(dataPath, 'g3zkp-db') })
    expect(filesIn(dataPath)).toEqual(before)
  }
  const plain = new ClassicLevel(join(dataPath, 'g3zkp-db'))
  await plain.put('msg:1', '{}')
  await plain.close()
  await refuse('STORE_NOT_ENCRYPTED')
  rmSync(join(dataPath, 'g3zkp-db'), { recursive: true })
  await (await openStore(dataPath)).close()
  const headers = ['keys-a', 'keys-b'].map((name) => join(dataPath, 'g3zkp-db', name))
  for (const header of headers) writeFileSync(header, 'damaged')
  await refuse('HEADER_DAMAGED')
  for (const header of headers) rmSync(header)
  await refuse('HEADER_MISSING')
})

test.each([
  [
    'saveMessage',
    [{ id: '' }],
    /a message with an id that is text or a number, not an empty string/,
  ],
  ['saveMessage', [{ id: Number.NaN }], /an id .*, not NaN/],
  ['saveMessage', ['text'], /a message that is an object, not a string/],
  ['saveSession', [undefined, {}], /an id .*, not undefined/],
  ['getMessage', [''], /an id .*, not an empty string/],
  ['getMessagesByPeer', ['a', Number.NaN], /a limit that is a whole number .*, not NaN/],
  ['getRecentMessages', [1, { before: Number.NaN }], /as before, not NaN/],
  // A time where the options belong would be no time at all.
  ['getRecentMessages', [1, Date.now()], /takes its options as an object, not a number/],
  ['restore', [''], /the path of a backup, not an empty string/],
])('%s that is refused says what was given, and what is allowed', async (name, args, words) => {
  const store = await openStore()
  await expect(store[name](...args)).rejects.toMatchObject({
    code: 'INVALID_PARAMETERS',
    operation: name,
    message: expect.stringMatching(words),
  })
})

test('what cannot be looked at is refused like anything else that can never work', async () => {
  const store = await openStore()
  const { proxy, revoke } = Proxy.revocable({ id: '1' }, {})
  revoke()
  const thrower = (name) =>
    Object.defineProperty({ id: '1' }, name, {
      get() {
        throw new Error('not today')
      },
    })
  const invalid = { name: 'InvalidParametersError', code: 'INVALID_PARAMETERS' }
  const badTime = { id: '1', timestamp: { getTime: () => Symbol('time') } }
  for (const message of [proxy, thrower('id'), thrower('timestamp'), badTime, { id: Number.NaN }]) {
    await expect(store.saveMessage(message)).rejects.toMatchObject(invalid)
  }
  for (const before of [proxy, { getTime: () => Symbol('time') }]) {
    await expect(store.getRecentMessages(1, { before })).rejects.toMatchObject(invalid)
  }
  for (const epoch of [Symbol('epoch'), Object.create(null), -1]) {
    const host = { getEpoch: () => epoch, setEpoch: () => {} }
    await expect(openStore(undefined, host)).rejects.toMatchObject(invalid)
  }
  expect(await store.getStats()).toMatchObject({ messageCount: 0 })
})

test('a host that never answers holds up nobody but itself', async () => {
  const never = () => new Promise(() => {})
  const dataPath = newDirectory()
  const config = { dataPath, encryptionPassword: PASSWORD, autoBackup: false }
  const closed = { code: 'NOT_INITIALIZED' }
  for (const host of [
    { getEpoch: never, setEpoch: () => {} },
    { getEpoch: () => 0, setEpoch: never },
  ]) {
    const store = new StorageEngine({ ...config, ...host })
    const opening = expect(store.initialize()).rejects.toMatchObject(closed)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await Promise.all([opening, store.close()])
  }
  let epoch
  const answers = [(begun) => (epoch = begun), never]
  const last = new StorageEngine({
    ...config,
    getEpoch: () => 0,
    setEpoch: (begun) => answers.shift()(begun),
  })
  await last.initialize()
  await last.savePeer('a', 1)
  let isClosed = false
  last.close().then(() => {
    isClosed = true
  })
  // The directory is free again, and what the host was not told of is no copy.
  const next = await openUntil(dataPath, { getEpoch: () => epoch, setEpoch: () => {} })
  expect(await next.getPeer('a')).toBe(1)
  expect(isClosed).toBe(false)
})

/** Opens a store as soon as its directory is free. */
async function openUntil(dataPath, host) {
  for (;;) {
    try {
      return await openStore(dataPath, host)
    } catch (error) {
      if (error.code !== 'LEVEL_LOCKED') throw error
    }
  }
}
