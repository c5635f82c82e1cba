// Guards the rules of calls by themselves. The addon refuses some of the same arguments again; a
// store that hands strings to it by a quicker way relies on what is checked here.

const calls = require('../lib/arguments.js')

const isolation = expect.objectContaining({ code: 'TENANT_ISOLATION_ERROR' })
const invalid = expect.objectContaining({ code: 'INVALID_PARAMETERS' })
const { signal } = new AbortController()

test('an option of records that is misspelt does not make a tenant everybody', () => {
  for (const options of [{ tenant: 'acme' }, { tenantID: 'acme' }, { limt: 3 }]) {
    expect(() => calls.recordsCall([options])).toThrow(invalid)
  }
})

test('the forms of setting', () => {
  const record = { x: 1 }
  expect(calls.setCall(['s', 'h', record])).toEqual({
    tenant: undefined,
    symbol: 's',
    authHash: 'h',
    record,
    options: {},
  })
  expect(calls.setCall(['t', 's', 'h', record])).toMatchObject({ tenant: 't', symbol: 's', record })
  expect(calls.setCall(['t', 's', 'h', record, { durability: 'sync' }])).toMatchObject({
    tenant: 't',
    options: { durability: 'sync' },
  })
  expect(calls.setCall(['s', 'h', record, { signal }])).toMatchObject({
    tenant: undefined,
    record,
    options: { signal },
  })
})

test('three texts and an object are a tenant’s record, even with a signal in it', () => {
  const record = { signal }
  expect(calls.setCall(['t', 's', 'h', record])).toMatchObject({ tenant: 't', record })
})

test('the forms of naming', () => {
  const name = (...args) => calls.nameCall('getSigilRecord', args)
  expect(name('s', 'h')).toMatchObject({ tenant: undefined, symbol: 's', authHash: 'h' })
  expect(name('t', 's', 'h')).toMatchObject({ tenant: 't', symbol: 's', authHash: 'h' })
  expect(name('s', 'h', { signal })).toMatchObject({ tenant: undefined, options: { signal } })
  expect(name('t', 's', 'h', { signal })).toMatchObject({ tenant: 't', options: { signal } })
  expect(() => name('t', 's', { signal: {} })).toThrow(invalid)
})

test('tenants that are refused before the addon sees them', () => {
  for (const tenant of ['', '\ud800', 'a\udc00b', undefined, null, 7]) {
    expect(() => calls.nameCall('getSigilRecord', [tenant, 's', 'h'])).toThrow(isolation)
    expect(() => calls.setOfRecordsCall('allSigilRecords', [tenant])).toThrow(isolation)
    expect(() => calls.recordsCall([{ tenantId: tenant }])).toThrow(isolation)
  }
  expect(() => calls.setCall(['\ud800', 's', 'h', {}])).toThrow(isolation)
})

test('texts that are refused before the addon sees them', () => {
  for (const text of ['\ud800', 'a\udc00b']) {
    expect(() => calls.nameCall('getSigilRecord', [text, 'h'])).toThrow(invalid)
    expect(() => calls.nameCall('getSigilRecord', ['s', text])).toThrow(invalid)
    expect(() => calls.setCall(['t', 's', text, {}])).toThrow(invalid)
    expect(() => calls.recordsCall([{ tenantId: 't', cursor: text }])).toThrow(invalid)
  }
  // A pair of surrogates is a character.
  expect(calls.nameCall('getSigilRecord', ['\u{1f600}', 'h'])).toMatchObject({
    symbol: '\u{1f600}',
  })
})

test('shared records have no cursor', () => {
  expect(() => calls.recordsCall([{ cursor: 'a' }])).toThrow(invalid)
})

test('Node 18, which cannot tell by itself, decides alike', () => {
  const native = String.prototype.isWellFormed
  try {
    delete String.prototype.isWellFormed
    jest.isolateModules(() => {
      const { isWellFormed } = require('../lib/well-formed.js')
      for (const [text, well] of [
        ['', true],
        ['a⟐\u{1f600}\ufffd\0', true],
        ['\ud800', false],
        ['a\udfffb', false],
        ['\udc00\ud800', false],
      ]) {
        expect(isWellFormed(text)).toBe(well)
      }
    })
  } finally {
    if (native) {
      Object.defineProperty(String.prototype, 'isWellFormed', {
        value: native,
        configurable: true,
        writable: true,
      })
    }
  }
})

/** What a refusal says. */
function said(call) {
  try {
    call()
  } catch (error) {
    return error.message
  }
  throw new Error('it was not refused')
}

test('who has mistaken the form of a call is told the forms', () => {
  const hash = said(() => calls.setOfRecordsCall('countSigilRecords', ['acme', 'hash']))
  expect(hash).toMatch(/takes its options as an object, not a string; .* \(tenantId, options\)/)
  const extra = said(() => calls.nameCall('getSigilRecord', ['acme', 's', 'h', 'x']))
  expect(extra).toMatch(/options as an object, not a string; .*\(symbol, authHash\) or \(tenantId/)
  const shared = said(() => calls.setCall(['s', 'h', {}, { durability: 'sync' }]))
  expect(shared).toMatch(/a string as authHash, not an object; .* beside an AbortSignal alone/)
  const recordless = said(() => calls.setCall(['acme', 's', 'h']))
  expect(recordless).toMatch(
    /an object as record, not a string; .*\(tenantId, symbol, authHash, rec/,
  )
  const listing = said(() => calls.setOfRecordsCall('allSigilRecords', [{ limit: 10 }]))
  expect(listing).toMatch(
    /tenant must be a string, not an object; .*records\(options\) lists shared/,
  )
  expect(said(() => calls.manyCall('getMany', [['s']]))).toMatch(
    /takes an array of names, \[symbol/,
  )
  expect(said(() => calls.nameCall('getSigilRecord', [undefined, 's', 'h']))).toContain('undefined')
})

test('an option of a call that is misspelt is refused with the name that was meant', () => {
  const misspelt = [
    [() => calls.callOptions('close', { singal: 1 }), 'signal'],
    [() => calls.setCall(['t', 's', 'h', {}, { durabilty: 'sync' }]), 'durability'],
    [() => calls.setOfRecordsCall('allSigilRecords', ['t', { limt: 1 }]), 'limit'],
    [() => calls.recordsCall([{ tenantID: 'acme' }]), 'tenantId'],
  ]
  for (const [call, meant] of misspelt) {
    expect(call).toThrow(invalid)
    expect(said(call)).toMatch(new RegExp(`has no option .*: did you mean ${meant}\\?`))
  }
  const far = said(() => calls.callOptions('close', { force: true }))
  expect(far).toBe('close has no option "force": it knows signal')
  // What is only read survives nothing.
  const read = said(() => calls.nameCall('getSigilRecord', ['t', 's', 'h', { durability: 'sync' }]))
  expect(read).toBe('getSigilRecord has no option "durability": it knows signal')
})
