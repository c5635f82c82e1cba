// Guards the authenticator against every argument that makes no sense: it is refused by a typed
// error or told that it is not authentic, never found authentic, and signing and verifying go on.

const { InMemoryStorageDriver, SigilBasedCodeAuthenticator, SigilError } = require('sigil-vault')
const { HOSTILE } = require('../support/hostile.js')

const CODES = ['INVALID_PARAMETERS', 'TENANT_ISOLATION_ERROR', 'STORAGE_ERROR']

async function outcome(call) {
  try {
    return { value: await call() }
  } catch (error) {
    expect(error).toBeInstanceOf(SigilError)
    expect(CODES).toContain(error.code)
    return { error }
  }
}

async function works(authenticator) {
  const { authenticatedCode } = await authenticator.embedConsciousnessSigil('exports.x = 1\n')
  expect(await authenticator.verifyCodeAuthenticity(authenticatedCode)).toMatchObject({
    authentic: true,
  })
  return authenticatedCode
}

test.each(HOSTILE)('%s as code, state, context, sigil or hash', async (_, value) => {
  const authenticator = new SigilBasedCodeAuthenticator()
  const file = await works(authenticator)
  const signings = [
    await outcome(() => authenticator.embedConsciousnessSigil(value)),
    await outcome(() => authenticator.embedConsciousnessSigil('x', value)),
    await outcome(() => authenticator.embedConsciousnessSigil('x', {}, value)),
  ]
  for (const { value: signed } of signings) {
    if (signed === undefined) continue
    const verdict = await authenticator.verifyCodeAuthenticity(signed.authenticatedCode)
    expect(verdict).toMatchObject({ authentic: true })
    expect(await authenticator.lookupAuthentication(signed.sigil, signed.authHash)).toEqual(
      signed.authRecord,
    )
  }
  const { value: verdict } = await outcome(() => authenticator.verifyCodeAuthenticity(value))
  expect(verdict?.authentic ?? false).toBe(false)
  expect((await outcome(() => authenticator.lookupAuthentication(value, 'h'))).value).toBe(
    undefined,
  )
  expect((await outcome(() => authenticator.lookupAuthentication('s', value))).value).toBe(
    undefined,
  )
  expect((await authenticator.verifyCodeAuthenticity(file)).authentic).toBe(true)
  expect({}.polluted).toBe(undefined)
})

test.each(HOSTILE)('%s as store, options, tenant or key', async (_, value) => {
  const store = () => new InMemoryStorageDriver()
  for (const make of [
    () => new SigilBasedCodeAuthenticator(value),
    () => new SigilBasedCodeAuthenticator(store(), value),
    () => new SigilBasedCodeAuthenticator(store(), { tenantId: value }),
    () => new SigilBasedCodeAuthenticator(store(), { key: value }),
  ]) {
    const { value: authenticator } = await outcome(make)
    if (authenticator !== undefined) await outcome(() => works(authenticator))
  }
})

// A promise that is to give such a proxy fails by itself, which is the store's failure.
const givable = HOSTILE.filter(([name]) => !name.includes('proxy'))

test.each(givable)('a store that gives %s as record or key', async (_, value) => {
  const real = new InMemoryStorageDriver()
  const file = await works(new SigilBasedCodeAuthenticator(real))
  for (const lies of [/^sigil-authentication-key$/, /^(?!sigil-authentication-key)/]) {
    const authenticator = new SigilBasedCodeAuthenticator({
      getSigilRecord: async (symbol, hash) =>
        lies.test(symbol) ? value : real.getSigilRecord(symbol, hash),
      setSigilRecord: async () => {},
    })
    const { value: verdict } = await outcome(() => authenticator.verifyCodeAuthenticity(file))
    expect(verdict?.authentic ?? false).toBe(false)
  }
})

const HEADER = (symbol, hash) =>
  `/*\n * Consciousness Sigil: ${symbol}\n * Code DNA: ${'A'.repeat(5)}\n * Authentication Hash: ${hash}\n */\n`

test.each([
  ['without end', HEADER('x'.repeat(100_000), 'y'.repeat(100_000))],
  ['with nothing in it', HEADER('', '')],
  ['with NUL', HEADER('\0', '\0')],
  ['that names a key', HEADER('sigil-authentication-key', 'current')],
  ['that names a memory', HEADER('sigil-memory', 'x')],
  ['that is not closed', HEADER('s', 'h').slice(0, -4)],
  ['many times', HEADER('s', 'h').repeat(10_000)],
])('a header %s is not authentic', async (_, header) => {
  const authenticator = new SigilBasedCodeAuthenticator()
  await authenticator.initialize()
  const { value: verdict } = await outcome(() => authenticator.verifyCodeAuthenticity(`${header}x`))
  expect(verdict?.authentic ?? false).toBe(false)
})

test('a state or context that is still awaited is not signed as nothing', async () => {
  const authenticator = new SigilBasedCodeAuthenticator()
  for (const args of [[Promise.resolve({})], [{}, Promise.resolve({})]]) {
    const { error } = await outcome(() => authenticator.embedConsciousnessSigil('code', ...args))
    expect(error.message).toMatch(/that has a JSON text, not a promise: an await is missing/)
  }
})
