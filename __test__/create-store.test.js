// Guards that a deployment gets the backend that it asks for, or a clear refusal.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const {
  createSigilStore,
  InMemoryStorageDriver,
  LevelDBSigilAdapter,
  PostgresSigilAdapter,
} = require('sigil-vault')

const kept = process.env.SIGIL_STORAGE_BACKEND

afterEach(() => {
  if (kept === undefined) delete process.env.SIGIL_STORAGE_BACKEND
  else process.env.SIGIL_STORAGE_BACKEND = kept
})

test('memory, by the environment or by an option', () => {
  process.env.SIGIL_STORAGE_BACKEND = 'memory'
  expect(createSigilStore()).toBeInstanceOf(InMemoryStorageDriver)
  process.env.SIGIL_STORAGE_BACKEND = 'nonsense'
  expect(createSigilStore({ backend: 'memory' })).toBeInstanceOf(InMemoryStorageDriver)
})

test('a directory by default, where SIGIL_DB_PATH says', async () => {
  delete process.env.SIGIL_STORAGE_BACKEND
  const folder = mkdtempSync(join(tmpdir(), 'sigil-vault-create-'))
  const keptPath = process.env.SIGIL_DB_PATH
  process.env.SIGIL_DB_PATH = join(folder, 'db')
  try {
    const store = createSigilStore()
    expect(store).toBeInstanceOf(LevelDBSigilAdapter)
    await store.setSigilRecord('a', 'b', { x: 1 })
    await store.close()
    const again = createSigilStore({ backend: 'leveldb', path: join(folder, 'db') })
    expect(await again.getSigilRecord('a', 'b')).toEqual({ x: 1 })
    await again.close()
  } finally {
    if (keptPath === undefined) delete process.env.SIGIL_DB_PATH
    else process.env.SIGIL_DB_PATH = keptPath
    rmSync(folder, { recursive: true })
  }
})

test('a PostgreSQL database, where DATABASE_URL says', async () => {
  const keptUrl = process.env.DATABASE_URL
  process.env.SIGIL_STORAGE_BACKEND = 'postgres'
  try {
    delete process.env.DATABASE_URL
    expect(() => createSigilStore()).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETERS' }),
    )
    // Nobody listens there.
    process.env.DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none'
    const store = createSigilStore()
    expect(store).toBeInstanceOf(PostgresSigilAdapter)
    await expect(store.getSigilRecord('a', 'b')).rejects.toMatchObject({
      name: 'StorageUnavailableError',
      code: 'STORAGE_UNAVAILABLE',
      operation: 'getSigilRecord',
      transient: true,
    })
    expect(await store.getHealth()).toMatchObject({
      status: 'unhealthy',
      details: { backend: 'postgres', code: 'STORAGE_UNAVAILABLE' },
    })
    await store.close()
  } finally {
    if (keptUrl === undefined) delete process.env.DATABASE_URL
    else process.env.DATABASE_URL = keptUrl
  }
})

test.each([
  ['LevelDBSigilAdapter', (options) => new LevelDBSigilAdapter('none', options)],
  [
    'PostgresSigilAdapter',
    (options) => new PostgresSigilAdapter('postgres://nobody@127.0.0.1:1/none', options),
  ],
  ['InMemoryStorageDriver', (options) => new InMemoryStorageDriver(options)],
  ['createSigilStore', (options) => createSigilStore(options)],
])('%s takes options as an object', (operation, make) => {
  for (const [options, given] of [
    [[], 'an array'],
    [null, 'null'],
    ['memory', 'a string'],
  ]) {
    const message = `${operation} takes its options as an object, not ${given}`
    const refused = { code: 'INVALID_PARAMETERS', operation, message }
    expect(() => make(options)).toThrow(expect.objectContaining(refused))
  }
})

test('a backend that does not exist is an invalid parameter, and named', () => {
  const refused = (text) => ({ code: 'INVALID_PARAMETERS', message: expect.stringMatching(text) })
  process.env.SIGIL_STORAGE_BACKEND = 'floppy'
  expect(() => createSigilStore()).toThrow(
    expect.objectContaining(refused(/^SIGIL_STORAGE_BACKEND, .*leveldb.*, not "floppy"$/)),
  )
  for (const [backend, named] of [
    ['tape', /, not "tape"$/],
    [5, /, not 5$/],
    [Symbol('s'), /, not a symbol$/],
    [['memory'], /, not an object$/],
  ]) {
    expect(() => createSigilStore({ backend })).toThrow(expect.objectContaining(refused(named)))
  }
})
