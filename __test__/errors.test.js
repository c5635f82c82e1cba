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
