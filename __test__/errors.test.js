// Guards the one error family: that every code is known in the code, the types and the
// documentation alike, and that errors of the addon arrive as errors of the right class.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const api = require('sigil-vault')
const { CODES, fromNative } = require('../lib/errors.js')

const read = (file) => readFileSync(join(__dirname, '..', file), 'utf8')
const codes = Object.keys(CODES).sort()

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
  const literals = ['src/failure.rs', 'src/boundary.rs', 'src/keys.rs', 'src/vault_failure.rs']
    .flatMap((file) => [...read(file).matchAll(/"([A-Z]+(?:_[A-Z]+)+|E[A-Z]{2,})"/g)])
    .map(([, code]) => code)
  expect(literals.length).toBeGreaterThan(10)
  expect(literals.filter((code) => !codes.includes(code))).toEqual([])
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
