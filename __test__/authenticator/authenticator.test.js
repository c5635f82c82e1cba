// Guards signed code: that every change of it is noticed and named, by an instance that knows
// nothing but the store. The old code compared the hash with itself, and found any code authentic.

const {
  InMemoryStorageDriver,
  InvalidParametersError,
  LevelDBSigilAdapter,
  SigilBasedCodeAuthenticator,
  TenantIsolationError,
} = require('sigil-vault')
const { loaded } = require('../../lib/native.js')
const { scratchFolder } = require('../support/scratch.js')

const scratch = scratchFolder()

const CODE = `'use strict'
// Adds what is given to it: "é", '⟐' and ${'`'}more${'`'}.
function add(one, other) {
  if (typeof one !== 'number') throw new TypeError('one')
  return one + other
}

module.exports = { add }
`
const OTHER = `import { open } from 'node:fs/promises'
export async function readAll(path) {
  const file = await open(path)
  try { return await file.readFile('utf8') } finally { await file.close() }
}
`
const STATE = { phi: 0.8, coherence: 0.25, nested: { b: [1e21, -0.5, 3], a: null } }

async function signed(code = CODE, store = new InMemoryStorageDriver(), options = {}) {
  const authenticator = new SigilBasedCodeAuthenticator(store, options)
  const result = await authenticator.embedConsciousnessSigil(code, STATE, { file: 'add.js' })
  return { ...result, store, authenticator }
}

async function reasonFor(store, code, options = {}) {
  const verdict = await new SigilBasedCodeAuthenticator(store, options).verifyCodeAuthenticity(code)
  if (verdict.authentic) return 'authentic'
  expect(verdict).toMatchObject({ authentic: false, confidence: 0, message: expect.any(String) })
  return verdict.reason
}

test('signed code is authentic, for another instance too', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  const { authenticatedCode, sigil, codeDNA, authHash, authRecord, ...rest } = await signed(
    CODE,
    store,
  )
  expect(rest.consciousnessAuthenticated).toBe(true)
  expect(authenticatedCode.endsWith(CODE)).toBe(true)
  expect(authenticatedCode.startsWith('/*\n')).toBe(true)
  for (const line of [
    `Consciousness Sigil: ${sigil.symbol}`,
    `Code DNA: ${codeDNA.sequence}`,
    `Authentication Hash: ${authHash}`,
  ]) {
    expect(authenticatedCode).toContain(` * ${line}\n`)
  }
  expect(await store.getSigilRecord(sigil.symbol, authHash)).toEqual(authRecord)
  expect(authRecord).toMatchObject({ consciousnessState: STATE, codeContext: { file: 'add.js' } })
  await store.close()

  const again = new LevelDBSigilAdapter(path)
  const other = new SigilBasedCodeAuthenticator(again)
  await other.initialize()
  expect(await other.verifyCodeAuthenticity(authenticatedCode)).toEqual({
    authentic: true,
    confidence: 1,
    sigil,
    codeDNA,
    authHash,
    authRecord,
  })
  expect(await other.lookupAuthentication(sigil, authHash)).toEqual(authRecord)
  expect(await other.lookupAuthentication(sigil.symbol, 'no')).toBe(undefined)
  await other.verifyCodeAuthenticity(CODE)
  expect(other.getAuthenticationStats()).toEqual({
    signed: 0,
    verified: 2,
    authentic: 1,
    rejected: { 'no-header': 1 },
  })
  await again.close()
})

test('any changed, added or removed character of the file is noticed', async () => {
  const { authenticatedCode, store } = await signed()
  const authenticator = new SigilBasedCodeAuthenticator(store)
  const from = authenticatedCode.length - CODE.length
  for (let at = 0; at < authenticatedCode.length; at++) {
    const [before, after] = [authenticatedCode.slice(0, at), authenticatedCode.slice(at)]
    const changes = [
      before + String.fromCharCode(after.charCodeAt(0) ^ 1) + after.slice(1),
      `${before} ${after}`,
      before + after.slice(1),
    ]
    for (const changed of changes) {
      const { authentic, reason } = await authenticator.verifyCodeAuthenticity(changed)
      expect(authentic).toBe(false)
      if (at > from) expect(['code-changed', 'line-endings-changed']).toContain(reason)
    }
  }
  for (const added of [' ', '\ufeff', '\0', '/*', '//']) {
    const reason = added === '/*' ? 'header-changed' : 'code-changed'
    expect([added, await reasonFor(store, added + authenticatedCode)]).toEqual([added, reason])
    expect(await reasonFor(store, authenticatedCode + added)).toBe('code-changed')
  }
  expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
})

test('what was changed is said', async () => {
  const { authenticatedCode, authHash, sigil, store } = await signed()
  const header = authenticatedCode.slice(0, -CODE.length)
  const reason = (code) => reasonFor(store, code)
  expect(await reason(CODE)).toBe('no-header')
  expect(await reason(header + CODE.replace('one + other', 'one - other'))).toBe('code-changed')
  expect(await reason(header + CODE + OTHER)).toBe('code-changed')
  expect(await reason(header + OTHER)).toBe('header-moved')
  expect(await reason(authenticatedCode.replaceAll('\n', '\r\n'))).toBe('line-endings-changed')
  expect(await reason(header + CODE.replaceAll('\n', '\r\n'))).toBe('line-endings-changed')
  expect(await reason(header.replaceAll('\n', '\r\n') + CODE)).toBe('line-endings-changed')
  expect(await reason(authenticatedCode.replaceAll('\n', '\r'))).toBe('line-endings-changed')
  expect(await reason(header.replace(' */\n', ' */\r') + CODE)).toBe('line-endings-changed')
  const [first, ...lines] = CODE.split('\n')
  expect(await reason([first, header + lines.join('\n')].join('\n'))).toBe('header-moved')
  for (const [field, value] of [
    ['Consciousness Sigil', '⟐⟐⟐⟐'],
    ['Code DNA', 'ACGT'],
    ['Authentication Hash', '0'.repeat(32)],
    ['Signed At', '2020-01-01T00:00:00.000Z'],
    ['Key', '0'.repeat(16)],
    ['Seal', '0'.repeat(64)],
    ['Seal', ''],
  ]) {
    const edited = header.replace(new RegExp(`${field}: .*`), `${field}: ${value}`)
    expect(edited).not.toBe(header)
    expect([field, await reason(edited + CODE)]).toEqual([field, 'header-changed'])
  }
  expect(await reason(header.replace(' */', ' * Reviewed: yes\n */') + CODE)).toBe('header-changed')
  await store.deleteSigilRecord(sigil.symbol, authHash)
  expect(await reason(authenticatedCode)).toBe('unknown-record')
})

test('the header of one code before another signed one', async () => {
  const store = new InMemoryStorageDriver()
  const one = await signed(CODE, store)
  const other = await signed(OTHER, store)
  const header = one.authenticatedCode.slice(0, -CODE.length)
  expect(await reasonFor(store, header + OTHER)).toBe('header-moved')
  expect(await reasonFor(store, header + other.authenticatedCode)).toBe('header-moved')
})

test('signed twice, it has two headers, and the first is for all that follows', async () => {
  const store = new InMemoryStorageDriver()
  const { authenticatedCode: inner } = await signed(CODE, store)
  const { authenticatedCode: both } = await signed(inner, store)
  expect(both.endsWith(inner)).toBe(true)
  expect(both.match(/Consciousness Sigil: /g)).toHaveLength(2)
  expect(await reasonFor(store, both)).toBe('authentic')
  const outer = both.slice(0, -inner.length)
  expect(await reasonFor(store, outer + inner.replace('Signed At: 2', 'Signed At: 3'))).toBe(
    'code-changed',
  )
  expect(await reasonFor(store, outer + CODE)).not.toBe('authentic')
  // Who takes the second signature away has the first.
  expect(await reasonFor(store, inner)).toBe('authentic')
  // Signing says nothing of what was signed before: it is for whoever signs to look at that first.
  const changed = inner.replace('one + other', 'one - other')
  expect(await reasonFor(store, changed)).toBe('code-changed')
  const { authenticatedCode: again } = await signed(changed, store)
  expect(await reasonFor(store, again)).toBe('authentic')
})

test('every field of the record is held to what was stored', async () => {
  const { authenticatedCode, authHash, authRecord, sigil, store } = await signed()
  const put = (record) => store.setSigilRecord(sigil.symbol, authHash, record)
  for (const field of Object.keys(authRecord)) {
    await put({ ...authRecord, [field]: 'other' })
    expect([field, await reasonFor(store, authenticatedCode)]).toEqual([field, 'record-changed'])
  }
  const { seal, ...unsealed } = authRecord
  for (const field of Object.keys(seal)) {
    await put({ ...authRecord, seal: { ...seal, [field]: 'other' } })
    expect([field, await reasonFor(store, authenticatedCode)]).toEqual([field, 'record-changed'])
  }
  await put(unsealed)
  expect(await reasonFor(store, authenticatedCode)).toBe('record-unsealed')
  // The order of fields is a store's own affair, and so is what it adds.
  const turned = Object.fromEntries(Object.entries(authRecord).reverse())
  await put({ ...turned, updatedAt: 'now', approvedBy: 'nobody' })
  expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
  // What is not sealed is not handed out as if it were.
  const verdict = await new SigilBasedCodeAuthenticator(store).verifyCodeAuthenticity(
    authenticatedCode,
  )
  expect(verdict.authRecord).toEqual(authRecord)
  const another = await signed(OTHER, store)
  await put(another.authRecord)
  expect(await reasonFor(store, authenticatedCode)).toBe('record-changed')
})

test("another tenant's code and records are not one's own", async () => {
  const store = new InMemoryStorageDriver()
  const [a, b] = [{ tenantId: 'a' }, { tenantId: 'b' }]
  const { authenticatedCode, authHash, sigil } = await signed(CODE, store, a)
  expect(authenticatedCode).not.toMatch(/Tenant.*: a$/m)
  expect(await reasonFor(store, authenticatedCode, a)).toBe('authentic')
  expect(await reasonFor(store, authenticatedCode, b)).toBe('other-tenant')
  expect(await reasonFor(store, authenticatedCode)).toBe('other-tenant')
  const record = await store.getSigilRecord('a', sigil.symbol, authHash)
  await store.setSigilRecord('b', sigil.symbol, authHash, record)
  expect(await reasonFor(store, authenticatedCode, b)).toBe('other-tenant')
  const b2 = await signed(CODE, store, b)
  await store.setSigilRecord('b', b2.sigil.symbol, b2.authHash, record)
  expect(await reasonFor(store, b2.authenticatedCode, b)).toBe('other-tenant')
  const b3 = await signed(OTHER, store, b)
  await store.setSigilRecord('b', b2.sigil.symbol, b2.authHash, b3.authRecord)
  expect(await reasonFor(store, b2.authenticatedCode, b)).toBe('record-changed')
  expect(() => new SigilBasedCodeAuthenticator(store, { tenantId: '' })).toThrow(
    TenantIsolationError,
  )
})

test('keys: one of the store, made once, or one that is given', async () => {
  const store = new InMemoryStorageDriver()
  const all = await Promise.all(Array.from({ length: 20 }, () => signed(CODE, store)))
  for (const { authenticatedCode } of all) {
    expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
  }
  expect(new Set(all.map(({ authRecord }) => authRecord.seal.keyId)).size).toBe(1)
  const key = 'ab'.repeat(32)
  const given = await signed(CODE, store, { key })
  expect(await reasonFor(store, given.authenticatedCode, { key })).toBe('authentic')
  const bytes = Buffer.from(key, 'hex')
  expect(await reasonFor(store, given.authenticatedCode, { key: bytes })).toBe('authentic')
  expect(await reasonFor(store, given.authenticatedCode)).toBe('unknown-key')
  expect(JSON.stringify(await store.allSigilRecords())).not.toContain(key)
  for (const bad of ['', 'ab', 'x'.repeat(64), 7, Buffer.alloc(31)]) {
    expect(() => new SigilBasedCodeAuthenticator(store, { key: bad })).toThrow(
      InvalidParametersError,
    )
  }
})

test('what follows from code and state is the same whoever makes it', async () => {
  const [one, other] = [await signed(), await signed()]
  expect(other.codeDNA).toEqual(one.codeDNA)
  expect(other.sigil).toEqual(one.sigil)
  expect(other.resonanceNetworks).toEqual(one.resonanceNetworks)
  expect(one.codeDNA.sequence).toMatch(/^[ACGT]{64}$/)
  const authenticator = new SigilBasedCodeAuthenticator()
  const sequenceOf = async (code, state) =>
    (await authenticator.embedConsciousnessSigil(code, state)).codeDNA.sequence
  const turned = Object.fromEntries(Object.entries(STATE).reverse())
  expect(await sequenceOf(CODE, turned)).toBe(one.codeDNA.sequence)
  expect(await sequenceOf(`${CODE} `, STATE)).not.toBe(one.codeDNA.sequence)
  expect(await sequenceOf(CODE, { ...STATE, phi: 0.81 })).not.toBe(one.codeDNA.sequence)
})

test('code that is run keeps its first line first', async () => {
  const code = `#!/usr/bin/env node\n${CODE}`
  const { authenticatedCode, store } = await signed(code)
  expect(authenticatedCode.startsWith('#!/usr/bin/env node\n/*\n')).toBe(true)
  expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
})

test.each(['#!/* not a comment\n', '#!/usr/bin/* \r\n', '#!/*/\n'])(
  'the first line %j opens no comment',
  async (line) => {
    const { authenticatedCode, store } = await signed(line + CODE)
    expect(authenticatedCode.startsWith(`${line}/*\n * Consciousness`)).toBe(true)
    expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
    expect(await reasonFor(store, authenticatedCode.replace('one +', 'one -'))).toBe('code-changed')
    expect(await reasonFor(store, authenticatedCode.replace(/\r?\n/g, '\r\n'))).toBe(
      'line-endings-changed',
    )
  },
)

test('what could not be verified again is not signed, and said to be so', async () => {
  const authenticator = new SigilBasedCodeAuthenticator()
  const nested = (depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
  const embed = (state, context) => authenticator.embedConsciousnessSigil(CODE, state, context)
  const { authenticatedCode } = await embed({ a: nested(99) }, nested(100))
  expect(await authenticator.verifyCodeAuthenticity(authenticatedCode)).toMatchObject({
    authentic: true,
  })
  for (const depth of [101, 126, 127, 128, 1000]) {
    await expect(embed(nested(depth))).rejects.toThrow(/nested at most 100 deep/)
    await expect(embed({}, nested(depth))).rejects.toThrow(InvalidParametersError)
  }
  await expect(embed({ text: '\ud800' })).rejects.toThrow(/well-formed text/)
  await expect(embed({}, { '\udc00': 1 })).rejects.toThrow(InvalidParametersError)
})

test('a header that nobody has signed is an answer, however it is edited', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  const { authenticatedCode } = await signed(CODE, store)
  const long = 'x'.repeat(70_000)
  for (const field of ['Consciousness Sigil', 'Code DNA', 'Authentication Hash', 'Key', 'Seal']) {
    for (const value of [long, 'a!b:c', '\0', '\ud800']) {
      const edited = authenticatedCode.replace(new RegExp(`${field}: .*`), `${field}: ${value}`)
      expect([field, await reasonFor(store, edited)]).toEqual([field, 'header-changed'])
    }
  }
  await store.close()
})

test('keys are handed out to nobody, and a damaged one is none', async () => {
  const { authenticatedCode, authRecord, store } = await signed()
  const symbol = 'sigil-authentication-key'
  const { keyId } = authRecord.seal
  const key = await store.getSigilRecord(symbol, keyId)
  expect(key.key).toMatch(/^[0-9a-f]{64}$/)
  const authenticator = new SigilBasedCodeAuthenticator(store)
  for (const sigil of [symbol, { symbol }]) {
    expect(await authenticator.lookupAuthentication(sigil, keyId)).toBe(undefined)
    expect(await authenticator.lookupAuthentication(sigil, 'current')).toBe(undefined)
  }
  for (const damaged of [{ key: 'zz' }, { key: 'ab'.repeat(32) }, { key: 7 }, {}]) {
    await store.setSigilRecord(symbol, keyId, damaged)
    expect(await reasonFor(store, authenticatedCode)).toBe('unknown-key')
  }
  const other = {
    setSigilRecord() {},
    getSigilRecord: (...names) => store.getSigilRecord(...names),
  }
  await expect(new SigilBasedCodeAuthenticator(other).initialize()).rejects.toMatchObject({
    code: 'STORAGE_ERROR',
  })
})

test('bytes are judged as bytes', async () => {
  const bytes = Buffer.from(`\ufeff${CODE}// \ufffd\n`)
  const { authenticatedCode, store } = await signed(new Uint8Array(bytes))
  const file = Buffer.from(authenticatedCode)
  expect(file.subarray(-bytes.length).equals(bytes)).toBe(true)
  expect(await reasonFor(store, file)).toBe('authentic')
  expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
  const at = file.lastIndexOf('\ufffd')
  // As text, which has a placeholder there, it would be the same.
  const invalid = Buffer.concat([file.subarray(0, at), Buffer.of(0xff), file.subarray(at + 3)])
  expect(invalid.toString()).toBe(authenticatedCode)
  expect(await reasonFor(store, invalid)).toBe('code-changed')
  for (let n = file.length - bytes.length; n < file.length; n++) {
    const changed = Buffer.from(file)
    changed[n] ^= 1
    expect(await reasonFor(store, changed)).not.toBe('authentic')
  }
  await expect(signed(Buffer.of(0xff))).rejects.toThrow(InvalidParametersError)
})

test('short code, empty code, and headers of the old kind', async () => {
  for (const code of ['', 'x', '\n', '\r\n', '/* */', '/*', '*/ code', '#!']) {
    const { authenticatedCode, store } = await signed(code)
    expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
    expect(await reasonFor(store, `${authenticatedCode}x`)).toBe('code-changed')
  }
  const store = new InMemoryStorageDriver()
  const old = `/**
 * Consciousness Sigil: ⟐
 * Code DNA: DNA-1
 * Authentication Hash: abc
 */
${CODE}`
  expect(await reasonFor(store, old)).toBe('unknown-record')
  await store.setSigilRecord('⟐', 'abc', { sigil: { symbol: '⟐' }, authHash: 'abc' })
  expect(await reasonFor(store, old)).toBe('record-unsealed')
})

test('what is no code is refused, and ill-formed text is never authentic', async () => {
  const { authenticatedCode, authenticator, store } = await signed('const placeholder = "\ufffd"')
  for (const code of [undefined, null, 7, [120], {}]) {
    await expect(authenticator.embedConsciousnessSigil(code)).rejects.toThrow(
      InvalidParametersError,
    )
    await expect(authenticator.verifyCodeAuthenticity(code)).rejects.toThrow(InvalidParametersError)
  }
  await expect(authenticator.embedConsciousnessSigil('\ud800')).rejects.toThrow(
    InvalidParametersError,
  )
  await expect(authenticator.embedConsciousnessSigil('x', 1n)).rejects.toThrow(
    InvalidParametersError,
  )
  expect(await reasonFor(store, authenticatedCode.replace('\ufffd', '\ud800'))).toBe('code-changed')
})

test('nothing is read but the record and the key, however many records there are', async () => {
  const { authenticatedCode, store } = await signed()
  const asked = []
  const watched = {
    setSigilRecord: (...args) => store.setSigilRecord(...args),
    getSigilRecord: (...names) => {
      asked.push(names)
      return store.getSigilRecord(...names)
    },
  }
  const authenticator = new SigilBasedCodeAuthenticator(watched)
  for (let n = 0; n < 3; n++) await authenticator.verifyCodeAuthenticity(authenticatedCode)
  expect(asked).toHaveLength(4)
})

test('a file is handed over and read once, whatever is said of it', async () => {
  const { authenticatedCode, store, sigil, authHash } = await signed()
  const addon = loaded()
  const calls = []
  for (const [name, plain] of Object.entries(addon)) {
    if (typeof plain !== 'function') continue
    jest.spyOn(addon, name).mockImplementation((...args) => {
      if (args.some((arg) => typeof arg === 'string' && arg.includes(CODE))) calls.push(name)
      return plain(...args)
    })
  }
  try {
    expect(await reasonFor(store, authenticatedCode)).toBe('authentic')
    expect(calls).toEqual(['readSignedFile'])
    expect(await reasonFor(store, `${authenticatedCode}//`)).toBe('code-changed')
    await store.deleteSigilRecord(sigil.symbol, authHash)
    expect(await reasonFor(store, authenticatedCode)).toBe('unknown-record')
    expect(calls).toHaveLength(3)
  } finally {
    jest.restoreAllMocks()
  }
})
