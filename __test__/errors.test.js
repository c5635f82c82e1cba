// Guards the one error family: that every code is known in the code, the types and the
// documentation alike, and that errors of the addon arrive as errors of the right class.

const { mkdtempSync, readFileSync, readdirSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const api = require('sigil-vault')
const { CODES, fromNative } = require('../lib/errors.js')

const read = (file) => readFileSync(join(__dirname, '..', file), 'utf8')
const codes = Object.keys(CODES).sort()

const sources = (folder, ending) =>
  readdirSync(join(__dirname, '..', folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`)

/** Those in the folders of a folder. */
const folders = (folder) =>
  readdirSync(join(__dirname, '..', folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => sources(`${folder}/${name}`, '.js'))

const codesOf = (text) =>
  [...text.matchAll(/["']([A-Z]+(?:_[A-Z]+)+|E[A-Z]{2,})["']/g)]
    .map(([, code]) => code)
    // What tests and deployments say in the environment.
    .filter((name) => !/^(SIGIL|LOG|DEFAULT)_/.test(name))

const codesIn = (files) => files.flatMap((file) => codesOf(read(file)))

test('the types know every code and no other', () => {
  const union = /type SigilErrorCode =((?:\s*\|\s*'[A-Z_]+')+)/.exec(read('index.d.ts'))[1]
  expect([...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code).sort()).toEqual(codes)
})

test('the documentation explains every code and no other, with its class', () => {
  const rows = [
    ...read('docs/errors.md').matchAll(/^\|\s+`([A-Z_]+)`\s+\|\s+(\w+)\s+\|\s+(?:(yes)\s+)?\|/gm),
  ]
  expect(rows.map(([, code]) => code).sort()).toEqual(codes)
  for (const [, code, kind, transient] of rows) {
    expect({ code, kind, transient: transient === 'yes' }).toEqual({
      code,
      kind: CODES[code].kind,
      transient: CODES[code].transient === true,
    })
  }
})

test('the addon throws no code that is not known here', () => {
  const thrown = codesIn(sources('src', '.rs'))
  expect(thrown.length).toBeGreaterThan(10)
  expect(thrown.filter((code) => !codes.includes(code))).toEqual([])
})

test('the engine and the records have a code for each of their errors', () => {
  const table = read('src/failure.rs')
  const variants = /pub enum Error \{([\s\S]*?)\n\}/.exec(read('crates/leveldb/src/error.rs'))[1]
  const names = [...variants.matchAll(/^ {4}([A-Z]\w+)/gm)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(8)
  // Its calls that must not wait give it, and those are repeated on the pool.
  const unmapped = names.filter((name) => !table.includes(`EngineError::${name}`))
  expect(unmapped).toEqual(['WouldBlock'])
})

test('no code is promised that nothing throws', () => {
  const javascript = [...sources('lib', '.js'), ...folders('lib'), ...sources('server', '.js')]
  const text = javascript
    .map(read)
    .join('\n')
    // A class's own code is thrown where the class is, and a comparison throws nothing.
    .replaceAll(/static defaultCode = '\w+'/g, '')
    .replaceAll(/[!=]== '\w+'/g, '')
  const thrown = new Set([...codesIn(sources('src', '.rs')), ...codesOf(text)])
  for (const [, name] of text.matchAll(/\bnew (\w+Error)\(/g)) {
    if (api[name]) thrown.add(api[name].defaultCode)
  }
  expect(codes.filter((code) => !thrown.has(code))).toEqual([])
})

test('a missing key is an error where that is asked for, for a call or for all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigil-vault-errors-'))
  const missing = { name: 'RecordNotFoundError', code: 'LEVEL_NOT_FOUND', notFound: true }
  const store = new api.LevelDBSigilAdapter(join(folder, 'db'), { notFoundError: true })
  await store.db.put('there', 'v')
  expect(await store.db.get('there')).toBe('v')
  await expect(store.db.get('none')).rejects.toMatchObject(missing)
  expect(() => store.db.getSync('none')).toThrow(expect.objectContaining(missing))
  expect(await store.db.get('none', { notFoundError: false })).toBeUndefined()
  expect(await store.getSigilRecord('none', 'none')).toBeUndefined()
  await store.close()
  const level = new api.Level(join(folder, 'db'))
  expect(await level.get('none')).toBeUndefined()
  await expect(level.get('none', { notFoundError: true })).rejects.toMatchObject(missing)
  await level.close()
  rmSync(folder, { recursive: true })
})

test('every class has the code that the contract gives it', () => {
  for (const [name, code] of [
    ['StorageError', 'STORAGE_ERROR'],
    ['StorageUnavailableError', 'STORAGE_UNAVAILABLE'],
    ['RecordNotFoundError', 'RECORD_NOT_FOUND'],
    ['TenantIsolationError', 'TENANT_ISOLATION_ERROR'],
    ['InvalidParametersError', 'INVALID_PARAMETERS'],
    ['AbortError', 'ABORT_ERR'],
  ]) {
    const error = new api[name]('why')
    expect(error).toBeInstanceOf(api.SigilError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name, code, message: 'why' })
    expect('cause' in error).toBe(false)
  }
})

test('an error of the addon gets its class and details', () => {
  const thrown = Object.assign(new Error('{"message":"LOCK: db","path":"db/LOCK","holder":7}'), {
    code: 'LEVEL_LOCKED',
  })
  const error = fromNative(thrown, 'open')
  expect(error).toBeInstanceOf(api.StorageError)
  expect(error).toMatchObject({
    code: 'LEVEL_LOCKED',
    message: 'LOCK: db',
    path: 'db/LOCK',
    holder: 7,
    operation: 'open',
    transient: true,
    notFound: false,
  })
})

test('what nobody foresaw is an internal error with its cause', () => {
  for (const thrown of [
    new Error('boom'),
    Object.assign(new Error('x'), { code: 'EIO' }),
    'text',
  ]) {
    const error = fromNative(thrown, 'get')
    expect(error).toMatchObject({ code: 'INTERNAL_ERROR', operation: 'get', cause: thrown })
  }
})

test('an error that is ours already passes unchanged', () => {
  const error = new api.StorageError('full', { code: 'ENOSPC' })
  expect(fromNative(error)).toBe(error)
})

/** What a call throws or rejects with. */
async function failureOf(call) {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

const config = { dataPath: 'd', encryptionPassword: 'password' }
const epoch = { getEpoch: () => {}, setEpoch: () => {} }

test.each([
  ['LevelDBSigilAdapter', (of) => new of('')],
  ['LevelDBSigilAdapter', (of) => new of('d', 7)],
  ['LevelDBSigilAdapter', (of) => new of('d', { cashSize: 1 })],
  ['LevelDBSigilAdapter', (of) => new of('d', { cacheSize: 'much' })],
  ['LevelDBSigilAdapter', (of) => new of('d', { compression: 7 })],
  ['LevelDBSigilAdapter', (of) => new of('d', { durability: 'some' })],
  ['LevelDBSigilAdapter', (of) => new of('d', { metricsLabels: { 'a b': 1 } })],
  ['LevelDBSigilAdapter', (of) => new of('d', { now: 7 })],
  ['LevelDBSigilAdapter', (of) => new of('d', { onFault: 7 })],
  ['LevelDBSigilAdapter', (of) => new of('d', { logger: {} })],
  ['InMemoryStorageDriver', (of) => new of(7)],
  ['InMemoryStorageDriver', (of) => new of({ now: 7 })],
  ['PostgresSigilAdapter', (of) => new of(7)],
  ['PostgresSigilAdapter', (of) => new of('no address')],
  ['PostgresSigilAdapter', (of) => new of('postgres://h/n', 7)],
  ['PostgresSigilAdapter', (of) => new of('postgres://h/n', { max: 1 })],
  ['PostgresSigilAdapter', (of) => new of('postgres://h/n', { now: 7 })],
  ['PostgresSigilAdapter', (of) => new of('postgres://h/n', { schema: '' })],
  ['PostgresSigilAdapter', (of) => new of('postgres://h/n', { metricsLabels: { 'a b': 1 } })],
  ['StorageEngine', (of) => new of()],
  ['StorageEngine', (of) => new of({ ...config, dataPath: '' })],
  ['StorageEngine', (of) => new of({ ...config, kdf: { name: 'pbkdf2', round: 1 } })],
  ['SigilIdentity', (of) => new of({})],
  ['SigilIdentity', (of) => new of(undefined, { memoryConfig: { maxSigil: 1 } })],
  ['SigilBasedCodeAuthenticator', (of) => new of({})],
  ['SigilBasedCodeAuthenticator', (of) => new of(undefined, { key: 7 })],
  ['SigilBasedCodeAuthenticator', (of) => new of(undefined, { tenantId: '' })],
  ['createSigilStore', (of) => of({ backend: 'none' })],
  ['registerMetrics', (of) => of()],
  ['installShutdownHooks', (of) => of({ timeLimit: 0 })],
  ['doctor', (of) => of('')],
])('what %s refuses says that it was asked for it: %#', async (name, call) => {
  const error = await failureOf(() => call(api[name]))
  expect(error).toBeInstanceOf(api.SigilError)
  expect(error).toMatchObject({ operation: name })
})

test('an error that comes of what a host has given says of which call', async () => {
  const store = new api.InMemoryStorageDriver({ now: () => 'noon' })
  const timeless = await failureOf(() => store.setSigilRecord('t', 's', 'h', {}))
  expect(timeless).toMatchObject({ code: 'INVALID_PARAMETERS', operation: 'setSigilRecord' })
  const dataPath = mkdtempSync(join(tmpdir(), 'sigil-vault-errors-'))
  const forgetful = {
    ...epoch,
    getEpoch() {
      throw new Error('forgotten')
    },
  }
  const engine = new api.StorageEngine({ ...config, ...forgetful, dataPath })
  const unknown = await failureOf(() => engine.initialize())
  expect(unknown).toMatchObject({ code: 'STORAGE_ERROR', operation: 'initialize' })
  await engine.close()
  rmSync(dataPath, { recursive: true })
})

test.each([
  [(store) => store.setSigilRecord('s', Number.NaN, {}), /whole number .* as authHash, not NaN/],
  [(store) => store.setSigilRecord('s', 1.5, {}), /as authHash, not a fraction/],
  [(store) => store.setSigilRecord('s', 2 ** 60, {}), /as authHash, not a number of 2\^53 or more/],
  [
    (store) => store.setSigilRecord('s', 'h', Promise.resolve({})),
    /a promise: an await is missing/,
  ],
  [(store) => store.setSigilRecord('s', 'h', new Date()), /neither an array nor text.* a Date$/],
  [(store) => store.allSigilRecords('t', { limit: -1 }), /as limit, not a negative number/],
  [() => new api.LevelDBSigilAdapter(''), /the path of the database.* must not be empty/],
  [() => new api.LevelDBSigilAdapter(7), /the path of the database.* is a string, not a number/],
  [() => new api.LevelDBSigilAdapter('a\0'), /the path of the database.* must not contain NUL/],
  [() => new api.LevelDBSigilAdapter('d', { cacheSize: Number.NaN }), /cacheSize is .*, not NaN/],
  [() => new api.StorageEngine({ ...config, dataPath: '' }), /dataPath .*, not an empty string/],
  [
    () => new api.StorageEngine({ ...config, encryptionPassword: '' }),
    /Password that is not empty/,
  ],
  [() => new api.SigilIdentity(undefined, { decayPeriod: Number.NaN }), /decayPeriod .*, not NaN/],
])('a refusal names what is wrong, what was given and what is allowed: %#', async (call, words) => {
  const error = await failureOf(() => call(new api.InMemoryStorageDriver()))
  expect(error).toMatchObject({ code: expect.any(String), message: expect.stringMatching(words) })
})
