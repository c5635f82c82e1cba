// Guards the key scheme as JavaScript sees it: what Rust promises of keys must survive the way in
// and out, lone surrogates above all.

const fc = require('fast-check')
const { callNative } = require('../lib/native.js')

const call = (name, ...args) => callNative('test', (addon) => addon[name](...args))
const part = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom('!', ':', '%', '%21', 'sigil', 'a', '\0', '!sigil!'),
    maxLength: 5,
  }),
)

test('tuples without separators keep the keys they always had', () => {
  expect(call('sharedKey', 'sigil-memory', '42')).toBe('sigil:sigil-memory:42')
  expect(call('sharedKey', '⟐', '2024-01-01T00:00:00Z')).toBe('sigil:⟐:2024-01-01T00:00:00Z')
  expect(call('tenantKey', 'acme', '⟐', 'h')).toBe('acme!sigil!⟐!h')
  expect(call('tenantKeyPrefix', 'acme')).toBe('acme!sigil!')
})

test('a key gives back its tuple, so that no two tuples share one', () => {
  fc.assert(
    fc.property(part, part, part, (tenant, symbol, authHash) => {
      const shared = call('sharedKey', symbol, authHash)
      expect(call('decodeKey', shared)).toEqual({ symbol, authHash })
      fc.pre(tenant !== '')
      const key = call('tenantKey', tenant, symbol, authHash)
      expect(call('decodeKey', key)).toEqual({ tenant, symbol, authHash })
    }),
    { numRuns: 2000 },
  )
})

test('no tenant has a prefix that covers the key of another', () => {
  fc.assert(
    fc.property(part, part, part, part, (tenant, other, symbol, authHash) => {
      fc.pre(tenant !== '' && other !== '' && tenant !== other)
      const key = call('tenantKey', other, symbol, authHash)
      expect(key.startsWith(call('tenantKeyPrefix', tenant))).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

test('a lone surrogate names nothing: as UTF-8 it would be a replacement character', () => {
  for (const bad of ['\ud800', 'a\udfff', '\udc00\ud800']) {
    expect(() => call('sharedKey', bad, 'h')).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETERS' }),
    )
    expect(() => call('tenantKey', bad, 's', 'h')).toThrow(
      expect.objectContaining({ code: 'TENANT_ISOLATION_ERROR' }),
    )
  }
})

test('an empty tenant and endless parts are refused', () => {
  expect(() => call('tenantKey', '', 's', 'h')).toThrow(
    expect.objectContaining({ name: 'TenantIsolationError' }),
  )
  expect(() => call('sharedKey', 'x'.repeat(70_000), 'h')).toThrow(
    expect.objectContaining({ name: 'InvalidParametersError' }),
  )
})

test('keys of others decode to nothing', () => {
  for (const key of ['', 'sigil:', '!sublevel!key', 'acme!other!s!h']) {
    expect(call('decodeKey', key)).toBeNull()
  }
})
