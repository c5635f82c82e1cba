// Guards what becomes of a connection string of PostgreSQL that can never work: it is told from a
// server that is away when the store is made, and neither it nor its password is in what is said. And
// that options which are none are not given.

const { inspect } = require('node:util')
const { createSigilStore, PostgresSigilAdapter } = require('sigil-vault')
const { start } = require('./server/service.js')

const malformed = [
  'postgres://user:hunter2@host:port/name',
  'postgres://user:hun#ter2@host/name',
  'postgres://user:hunter2@host:99999/name',
  'host=localhost dbname=name password=hunter2',
  'mysql://user:hunter2@host/name',
  '"postgres://user:hunter2@host/name"',
  'name',
]

function refusal(make) {
  try {
    make()
  } catch (error) {
    return error
  }
  return undefined
}

test.each(malformed)('%s is refused, and not quoted', (database) => {
  for (const make of [
    () => new PostgresSigilAdapter(database),
    () => createSigilStore({ backend: 'postgres', database }),
  ]) {
    const error = refusal(make)
    expect(error).toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringContaining('postgres://USER:PASSWORD@HOST:PORT/DATABASE'),
    })
    expect(error.message).toContain('DATABASE_URL')
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/hun#?ter2/)
  }
})

test('a certificate that is not there is named', () => {
  const error = refusal(
    () => new PostgresSigilAdapter('postgres://user:hunter2@host/name?sslrootcert=/no/such.pem'),
  )
  expect(error).toMatchObject({ code: 'INVALID_PARAMETERS', path: '/no/such.pem' })
  expect(inspect(error, { depth: null })).not.toContain('hunter2')
})

test.each([
  'postgres://nobody@127.0.0.1:1/none',
  'POSTGRESQL://127.0.0.1:1',
  'postgres:///none?host=/no/such/directory',
  'socket:/no/such/directory?db=none',
  '/no/such/directory none',
])('with %s the server is away', async (database) => {
  const store = new PostgresSigilAdapter(database)
  await expect(store.open()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  await store.close()
})

test('options that are undefined or null are not given', async () => {
  for (const none of [undefined, null]) {
    const names = ['schema', 'max', 'connectTimeout', 'queryTimeout', 'metricsLabels', 'now']
    const options = Object.fromEntries(names.map((name) => [name, none]))
    await new PostgresSigilAdapter('postgres://nobody@127.0.0.1:1/none', options).close()
  }
})

test('the service says so in one line', async () => {
  const DATABASE_URL = 'postgres://user:hunter2@host:port/name'
  const { code, stdout, stderr } = await start({ SIGIL_STORAGE_BACKEND: 'postgres', DATABASE_URL })
    .ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/^INVALID_PARAMETERS: .*DATABASE_URL.*\n$/)
  expect(stdout + stderr).not.toContain('hunter2')
})
