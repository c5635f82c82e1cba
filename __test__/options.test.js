// Guards what stores make of options and arguments that cannot work: a clear error of ours before
// anything is done, and LevelDB's rule for sizes beyond a limit, which count as the limit.

const { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } = require('node:fs')
const { join, relative } = require('node:path')
const { ClassicLevel } = require('classic-level')
const api = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()
const {
  createSigilStore,
  InMemoryStorageDriver,
  installShutdownHooks,
  Level,
  LevelDBSigilAdapter,
  PostgresSigilAdapter,
  SigilBasedCodeAuthenticator,
  SigilIdentity,
  StorageEngine,
} = api
const invalid = { name: 'InvalidParametersError', code: 'INVALID_PARAMETERS' }

const wrong = [
  { writeBufferSize: 'a' },
  { blockSize: Number.NaN },
  { cacheSize: -1 },
  { maxFileSize: {} },
  { readOnly: 'yes' },
  { salvage: 'no' },
  { lockTimeout: 'x' },
  { compression: 5 },
  { compression: 'foo' },
  { compressionLevel: 99 },
  { now: 5 },
  { durability: 'much' },
  { metricsLabels: 5 },
  { logger: {} },
  { onFault: 'me' },
]

test.each(wrong)('a store refuses %j at once, and touches nothing', (options) => {
  const path = scratch('db')
  expect(() => new LevelDBSigilAdapter(path, options)).toThrow(expect.objectContaining(invalid))
  expect(existsSync(path)).toBe(false)
})

test.each(
  wrong.filter((options) => !('now' in options || 'logger' in options || 'onFault' in options)),
)('a Level refuses %j when it is opened', async (options) => {
  const path = scratch('db')
  const level = new Level(path, options)
  const error = await level.open().catch((thrown) => thrown)
  expect(error.cause).toMatchObject(invalid)
  expect(existsSync(path)).toBe(false)
})

test.each([
  { writeBufferSize: 0, maxFileSize: 1, blockSize: 0 },
  { writeBufferSize: 1e15, maxFileSize: 1e15, blockSize: 1e15, blockRestartInterval: 1e9 },
  { cacheSize: null, compression: null, readOnly: null, bloomBitsPerKey: 1e9, maxOpenFiles: 0 },
])('sizes beyond a limit count as the limit: %j', async (options) => {
  const level = new Level(scratch('db'), options)
  await level.put('a', '1')
  expect(await level.get('a')).toBe('1')
  await level.close()
})

/** Every option that the types have; of a store and of a `Level`. */
function optionNames() {
  const types = readFileSync(join(__dirname, '..', 'index.d.ts'), 'utf8')
  const of = (name) => {
    const pattern = new RegExp(`^export interface ${name}\\b[^{]*\\{([\\s\\S]*?)^\\}`, 'm')
    return [...pattern.exec(types)[1].matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field)
  }
  const encodings = ['keyEncoding', 'valueEncoding']
  const common = [...of('EngineOptions'), ...of('MissingKeyOptions')]
  return {
    store: [...common, ...of('AdapterOptions')],
    level: [...common, ...of('OpenOptions'), ...encodings],
  }
}

const { store: ofStores, level: ofLevels } = optionNames()

test.each(ofStores)('a store takes %s as not given where it is undefined or null', async (name) => {
  for (const value of [undefined, null]) {
    const store = new LevelDBSigilAdapter(scratch(`${value}`), { [name]: value })
    await store.setSigilRecord('t', 's', 'h', { x: 1 })
    const [record] = await store.allSigilRecords('t')
    expect(record).toMatchObject({ x: 1, updatedAt: expect.any(String) })
    expect(await store.db.get('none')).toBeUndefined()
    await store.close()
  }
})

test.each(ofLevels)('a Level takes %s as not given where it is undefined or null', async (name) => {
  for (const value of [undefined, null]) {
    const [made, opened] = [new Level(scratch(`${value}`), { [name]: value }), scratch('opened')]
    await made.put('a', '1', { [name]: value })
    expect(await made.get('none', { [name]: value })).toBeUndefined()
    await made.close()
    const level = new Level(opened, { passive: true })
    await level.open({ [name]: value })
    await level.put('a', '1')
    expect(await level.get('a')).toBe('1')
    await level.close()
  }
})

test('the options that were tried are those of the types', () => {
  expect(new Set(ofStores)).toContain('durability')
  expect(ofStores.length).toBeGreaterThan(18)
  expect(ofLevels.length).toBeGreaterThan(18)
})

const pool = { query() {}, connect() {}, on() {}, removeListener() {} }

test.each([
  [() => new LevelDBSigilAdapter(scratch('db'), { durabilty: 'sync' }), 'durability'],
  [() => new LevelDBSigilAdapter(scratch('db'), { cachesize: 1 }), 'cacheSize'],
  [() => new InMemoryStorageDriver({ noww: () => new Date() }), 'now'],
  [() => new PostgresSigilAdapter(pool, { shema: 'a' }), 'schema'],
  [() => createSigilStore({ bakend: 'memory' }), 'backend'],
  [() => createSigilStore({ backend: 'memory', durabilty: 'sync' }), 'durability'],
  [() => new SigilIdentity(undefined, { decayperiod: 5 }), 'decayPeriod'],
  [() => new SigilIdentity(undefined, { memoryConfig: { maxSigil: 5 } }), 'maxSigils'],
  [() => new SigilBasedCodeAuthenticator(undefined, { tenantID: 'acme' }), 'tenantId'],
  [() => installShutdownHooks({ close() {} }, { timelimit: 5 }), 'timeLimit'],
  [
    () => new StorageEngine({ dataPath: 'x', encryptionPassword: 'y', autoBackups: 1 }),
    'autoBackup',
  ],
  [() => new StorageEngine({ dataPath: 'x', kdf: { name: 'pbkdf2', round: 1 } }), 'rounds'],
  [() => new StorageEngine({ dataPath: 'x', encryptionPasword: 'y' }), 'encryptionPassword'],
])('%s is refused with the name that was meant', (make, meant) => {
  const message = expect.stringMatching(new RegExp(`has no option .*: did you mean ${meant}\\?`))
  expect(make).toThrow(expect.objectContaining({ ...invalid, message }))
})

test.each([SigilIdentity, SigilBasedCodeAuthenticator])(
  '%p says where its store belongs',
  (One) => {
    for (const first of [{ tenantId: 'acme' }, null, 'store']) {
      const message = expect.stringContaining(`${One.name} takes (store, options)`)
      expect(() => new One(first)).toThrow(expect.objectContaining({ ...invalid, message }))
    }
  },
)

test('an option that is no known name misspelt is refused by a store, with all that it knows', () => {
  expect(() => new InMemoryStorageDriver({ path: 'x' })).toThrow(
    expect.objectContaining({ ...invalid, message: expect.stringContaining('it knows now') }),
  )
  expect(() => new LevelDBSigilAdapter(scratch('db'), { valueEncoding: 'json' })).toThrow(
    expect.objectContaining(invalid),
  )
})

test('a Level takes what level takes and ignores, but no known name misspelt', async () => {
  const foreign = { prefix: 'x', version: 2, storeEncoding: 'utf8', anything: true, foo: 1 }
  const level = new Level(scratch('foreign'), foreign)
  await level.open(foreign)
  await level.close()
  for (const misspelt of [{ durabilty: 'sync' }, { createIfMising: false }]) {
    const error = await new Level(scratch('db'), misspelt).open().catch((thrown) => thrown)
    expect(error.cause).toMatchObject({
      ...invalid,
      message: expect.stringContaining('did you mean'),
    })
  }
})

test('where the environment picks the backend, options of another have no effect', async () => {
  const options = { path: scratch('db'), database: 'postgres://x', durability: 'sync', schema: 'a' }
  const store = createSigilStore({ ...options, backend: 'memory' })
  expect(store).toBeInstanceOf(InMemoryStorageDriver)
  const other = createSigilStore({ ...options, backend: null, cacheSize: null })
  expect(other).toBeInstanceOf(LevelDBSigilAdapter)
  await other.close()
})

test.each([
  [() => new LevelDBSigilAdapter(scratch('db'), null)],
  [() => new LevelDBSigilAdapter('with\0nul')],
  [() => new LevelDBSigilAdapter({ path: 'db' })],
  [() => installShutdownHooks('x')],
  [() => new LevelDBSigilAdapter('\ud800')],
  [() => new InMemoryStorageDriver(null)],
  [() => new InMemoryStorageDriver({ now: 1 })],
  [() => createSigilStore(null)],
])('%s is refused', (make) => {
  expect(make).toThrow(expect.objectContaining(invalid))
})

test('a clock that gives no time, and records that cannot be read, are refused', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const hostile = {
    get toJSON() {
      throw new Error('no')
    },
  }
  for (const Store of [LevelDBSigilAdapter, InMemoryStorageDriver]) {
    const make = (options) =>
      Store === InMemoryStorageDriver ? new Store(options) : new Store(scratch('db'), options)
    const timeless = make({ now: () => new Date(Number.NaN) })
    await expect(timeless.setSigilRecord('t', 's', 'h', {})).rejects.toMatchObject(invalid)
    await timeless.close()
    const store = make({})
    for (const record of [proxy, hostile, { big: 1n }]) {
      await expect(store.setSigilRecord('s', 'h', record)).rejects.toMatchObject(invalid)
      await expect(store.setSigilRecord('t', 's', 'h', record)).rejects.toMatchObject(invalid)
    }
    await store.close()
  }
})

test('no content of a record is in the error about one that is not JSON', async () => {
  const store = new LevelDBSigilAdapter(scratch('db'))
  await store.db.put('sigil:a:b', '{"password":hunter2}')
  for (const read of [() => store.getSigilRecord('a', 'b'), () => store.allSigilRecords()]) {
    const error = await read().catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'STORAGE_ERROR', path: store.path })
    expect(error.cause).toBeUndefined()
    expect(`${error.message} ${error.stack}`).not.toContain('hunter2')
  }
  await store.close()
})

test('what can never succeed is not called transient', () => {
  jest.doMock('pg', () => {
    throw new Error('not installed')
  })
  const database = 'postgres://nobody@127.0.0.1:1/none'
  expect(() => createSigilStore({ backend: 'postgres', database })).toThrow(
    expect.objectContaining({
      code: 'STORAGE_UNAVAILABLE',
      transient: false,
      message: expect.stringContaining('npm install pg'),
    }),
  )
})

test('a store that is to be new refuses one that exists, also when it is opened again', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path, { errorIfExists: true })
  await store.setSigilRecord('a', 'b', { x: 1 })
  await store.close()
  const exists = { message: expect.stringContaining('exists already'), path }
  await expect(store.open()).rejects.toMatchObject(exists)
  const other = new LevelDBSigilAdapter(path, { errorIfExists: true })
  await expect(other.getSigilRecord('a', 'b')).rejects.toMatchObject(exists)
  await other.close()
})

test('nor is an addon that is not there, whoever tells of it', async () => {
  jest.resetModules()
  jest.doMock('../native.js', () => {
    throw new Error('not built')
  })
  const { InMemoryStorageDriver: Memory, LevelDBSigilAdapter: Directory } = require('sigil-vault')
  for (const store of [new Directory(scratch('db')), new Memory()]) {
    await expect(store.setSigilRecord('a', 'b', {})).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      transient: false,
      message: expect.stringContaining('no build of the addon'),
    })
    await store.close()
  }
  jest.dontMock('../native.js')
})

test('a checkpoint into a place that will not do says so', async () => {
  const store = new LevelDBSigilAdapter(scratch('db'))
  await store.setSigilRecord('a', 'b', { x: 1 })
  const path = scratch('copy')
  await store.checkpoint(path)
  await expect(store.checkpoint(path)).rejects.toMatchObject({ ...invalid, path })
  await expect(store.checkpoint('\ud800')).rejects.toMatchObject(invalid)
  await store.close()
})

test('a checkpoint inside of the database’s own directory is refused, whatever it is called', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  await store.setSigilRecord('a', 'b', { x: 1 })
  const link = scratch('link')
  symlinkSync(path, link, 'junction')
  const before = readdirSync(path).sort()
  for (const inside of [
    path,
    join(path, 'copy'),
    join(path, 'far', 'down'),
    `${path}/../db/copy`,
    join(link, 'copy'),
    relative(process.cwd(), join(path, 'copy')),
  ]) {
    const message = expect.stringContaining('inside of the database')
    await expect(store.checkpoint(inside)).rejects.toMatchObject({ ...invalid, message })
  }
  expect(readdirSync(path).sort()).toEqual(before)
  for (const outside of [`${path}-copy`, scratch(join('new', 'copy')), `${path}/../..db`]) {
    await store.checkpoint(outside)
    const copy = new LevelDBSigilAdapter(outside, { readOnly: true })
    expect(await copy.getSigilRecord('a', 'b')).toEqual({ x: 1 })
    await copy.close()
  }
  await store.close()
})

test('a relative path is where the process is when it opens, as with level', async () => {
  const before = process.cwd()
  const [here, there] = ['here', 'there'].map((name) => scratch(name))
  for (const folder of [here, there]) mkdirSync(folder)
  try {
    for (const [index, Store] of [ClassicLevel, Level, LevelDBSigilAdapter].entries()) {
      process.chdir(here)
      const store = new Store(`db${index}`)
      process.chdir(there)
      await store.open()
      expect(readdirSync(here)).toEqual([])
      expect(readdirSync(there)).toContain(`db${index}`)
      await store.close()
    }
    const store = new LevelDBSigilAdapter('db2')
    await store.open()
    // It stays there, wherever the process goes: level would lose its files now.
    process.chdir(here)
    await store.setSigilRecord('a', 'b', { x: 1 })
    await store.compact()
    const inside = store.checkpoint(join(there, 'db2', 'copy'))
    await expect(inside).rejects.toThrow('inside of the database')
    // Directories above it are made.
    await store.checkpoint('far/down/copy')
    await store.close()
    const copy = new LevelDBSigilAdapter('far/down/copy', { readOnly: true })
    expect(await copy.getSigilRecord('a', 'b')).toEqual({ x: 1 })
    await copy.close()
    expect(readdirSync(here)).toEqual(['far'])
  } finally {
    process.chdir(before)
  }
})

test('a signal that is aborted keeps every call from beginning', async () => {
  const store = new LevelDBSigilAdapter(scratch('db'))
  await store.setSigilRecord('t', 's', 'h', {})
  const signal = AbortSignal.abort()
  const aborted = { code: 'ABORT_ERR' }
  const calls = [
    () => store.open({ signal }),
    () => store.setSigilRecord('t', 's', 'h', {}, { signal }),
    () => store.getSigilRecord('t', 's', 'h', { signal }),
    () => store.existsSigilRecord('t', 's', 'h', { signal }),
    () => store.deleteSigilRecord('t', 's', 'h', { signal }),
    () => store.getMany([], { signal }),
    () => store.allSigilRecords('t', { signal }),
    () => store.countSigilRecords('t', { signal }),
    () => store.records({ tenantId: 't', signal }).next(),
    () => store.batch([], { signal }),
    () => store.compact({ signal }),
    () => store.checkpoint(scratch('copy'), { signal }),
    () => store.refresh({ signal }),
    () => store.stats({ signal }),
    () => store.close({ signal }),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject(aborted)
  expect(await store.countSigilRecords('t')).toBe(1)
  await store.close()
})

test('a write that was called for before a closing and another opening is made', async () => {
  const store = new LevelDBSigilAdapter(scratch('db'))
  const write = store.setSigilRecord('s', 'h', { n: 1 })
  const closed = store.close()
  const opened = store.open()
  await Promise.all([write, closed, opened])
  expect(await store.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await store.close()
})
