// The service over real HTTP: minting, listing, and what clients are told when the store fails.

const { InMemoryStorageDriver, SigilError, StorageError } = require('sigil-vault')
const { createServer } = require('sigil-vault/server')

let app
let store
let base

async function serve(given = new InMemoryStorageDriver()) {
  store = given
  app = await createServer({ store })
  base = await app.listen({ host: '127.0.0.1', port: 0 })
}

const get = (path) => fetch(base + path)
const post = (body, headers = { 'content-type': 'application/json' }) =>
  fetch(`${base}/api/consciousness/sigils`, { method: 'POST', headers, body })
const mint = async (fields) => (await post(JSON.stringify(fields))).json()

beforeEach(() => serve())
afterEach(() => app.close())

test('a minted sigil has the body’s fields, an id and a time, and is in the store', async () => {
  const { success, sigil } = await mint({ name: '⟐', id: 'forged', nested: { a: [1] } })
  expect(success).toBe(true)
  expect(sigil).toMatchObject({ name: '⟐', nested: { a: [1] } })
  expect(sigil.id).toMatch(/^[0-9a-f-]{36}$/)
  expect(new Date(sigil.timestamp).toISOString()).toBe(sigil.timestamp)
  expect(await store.getSigilRecord(sigil.id, sigil.timestamp)).toEqual(sigil)
})

test('the list has the newest first, ten by default, and the number of all', async () => {
  const minted = []
  for (let n = 0; n < 12; n++) minted.unshift((await mint({ n })).sigil)
  const listed = await (await get('/api/consciousness/sigils')).json()
  expect(listed).toEqual({ sigils: minted.slice(0, 10), total: 12, currentIdentity: null })
  const two = await (await get('/api/consciousness/sigils?limit=2')).json()
  expect(two.sigils).toEqual(minted.slice(0, 2))
  expect(await (await get('/sigils')).json()).toEqual({ sigils: minted, total: 12 })
})

test('a service that starts again lists what was minted before, and nothing else', async () => {
  const { sigil } = await mint({ n: 1 })
  await store.setSigilRecord('sigil-memory', 'm1', { id: 'm1', timestamp: sigil.timestamp })
  await app.close()
  await serve(store)
  expect(await (await get('/sigils')).json()).toEqual({ sigils: [sigil], total: 1 })
})

test('what others stored stops no service, and a millisecond keeps its order over a restart', async () => {
  jest.spyOn(Date.prototype, 'getTime').mockReturnValue(5)
  jest.spyOn(Date.prototype, 'toISOString').mockReturnValue('1970-01-01T00:00:00.005Z')
  const minted = []
  for (let n = 0; n < 50; n++) minted.unshift((await mint({ n })).sigil)
  jest.restoreAllMocks()
  const listed = async () => (await (await get('/sigils')).json()).sigils
  expect(await listed()).toEqual(minted)
  await app.close()
  // As a raw write to the database can leave it.
  const records = store.records.bind(store)
  jest.spyOn(store, 'records').mockImplementation(async function* (...args) {
    yield null
    yield 'text'
    yield* records(...args)
  })
  await serve(store)
  jest.restoreAllMocks()
  expect(await listed()).toEqual(minted)
})

test('a limit that is none', async () => {
  for (const limit of ['0', '-1', 'many', '1001', '1.5']) {
    const answer = await get(`/api/consciousness/sigils?limit=${limit}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      success: false,
      error: { code: expect.any(String) },
    })
  }
})

test('bodies that are no object are refused with a clear answer', async () => {
  for (const [body, status] of [
    ['[1]', 400],
    ['"text"', 400],
    ['null', 400],
    ['{"broken":', 400],
    ['', 400],
    [JSON.stringify({ text: 'x'.repeat(2_000_000) }), 413],
  ]) {
    const answer = await post(body)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ success: false })
  }
  expect((await post('x=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
    415,
  )
  expect(await store.countSigilRecords()).toBe(0)
})

test('a body that could change what objects inherit is refused as docs/service.md says', async () => {
  for (const body of [
    '{"__proto__":{"admin":true}}',
    '{"far":[{"down":{"__proto__":1}}]}',
    '{"\\u005f_proto__":1}',
    '{"constructor":{"prototype":1}}',
  ]) {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect((await answer.json()).error.code).toBe('FST_ERR_CTP_INVALID_JSON_BODY')
  }
  const harmless = { text: '__proto__', constructor: 'me', prototype: 1 }
  expect((await mint(harmless)).sigil).toMatchObject(harmless)
  expect(await store.countSigilRecords()).toBe(1)
})

test.each([
  ['ENOSPC', 507, '5'],
  ['EROFS', 503, null],
  ['EIO', 503, null],
  ['STORAGE_UNAVAILABLE', 503, '5'],
  ['LEVEL_DATABASE_NOT_OPEN', 503, null],
])(
  'a store that fails with %s answers %i, and the sigil is not listed',
  async (code, status, retry) => {
    store.setSigilRecord = async () => {
      throw new StorageError('write db/000007.log: no', { code, path: 'db/000007.log' })
    }
    const answer = await post('{}')
    expect(answer.status).toBe(status)
    expect(answer.headers.get('retry-after')).toBe(retry)
    const text = await answer.text()
    expect(JSON.parse(text)).toEqual({
      success: false,
      error: { code, message: expect.any(String) },
    })
    expect(text).not.toContain('000007')
    expect((await (await get('/sigils')).json()).total).toBe(0)
  },
)

test('a defect answers 500 and tells nothing of itself', async () => {
  for (const error of [new TypeError('secret'), new SigilError('secret')]) {
    store.setSigilRecord = async () => {
      throw error
    }
    const answer = await post('{}')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('secret')
  }
})

test('health and readiness', async () => {
  expect((await get('/healthz')).status).toBe(200)
  const ready = await get('/readyz')
  expect(ready.status).toBe(200)
  const details = { backend: 'memory', open: true, records: 0 }
  expect(await ready.json()).toEqual({ status: 'healthy', details })
  await store.close()
  expect((await get('/readyz')).status).toBe(503)
  expect((await get('/healthz')).status).toBe(200)
})

test('readiness gives a reason and tells nothing of paths; the log does, once', async () => {
  const failing = { job: 'flush', code: 'ENOSPC', path: '/secret/1.log', errno: 28, attempts: 2 }
  const message = 'write /secret/1.log: no space'
  const closed = { code: 'LEVEL_LOCKED', error: 'LOCK: /secret is held', open: false }
  const healths = [
    { status: 'degraded', details: { outOfSpace: true, failures: [{ ...failing, message }] } },
    { status: 'unhealthy', details: closed },
  ]
  for (const health of healths) {
    health.details = { ...health.details, path: '/secret', own: '/secret' }
  }
  const lines = []
  const logger = { stream: { write: (line) => lines.push(JSON.parse(line)) } }
  const other = await createServer({ store, logger })
  const answers = []
  for (const health of [healths[0], healths[0], healths[1]]) {
    store.getHealth = async () => health
    const { statusCode, payload } = await other.inject('/readyz')
    expect(payload).not.toContain('secret')
    answers.push({ statusCode, ...JSON.parse(payload) })
  }
  const { path: _, ...rest } = failing
  const reason = expect.stringContaining('the disk is full')
  const details = { outOfSpace: true, failures: [{ ...rest, message: reason }] }
  const degraded = { statusCode: 200, status: 'degraded', details }
  const error = 'the store is in use by another process'
  expect(answers).toEqual([
    degraded,
    degraded,
    { statusCode: 503, status: 'unhealthy', details: { ...closed, error } },
  ])
  const said = lines.filter(({ health }) => health !== undefined)
  expect(said.map(({ health }) => health)).toEqual(healths)
  expect(said.map(({ level }) => level)).toEqual([40, 40])
  delete store.getHealth
  await other.inject('/readyz')
  expect(lines.filter(({ health }) => health !== undefined)[2]).toMatchObject({ level: 30 })
  await other.close()
})

test('metrics count what happened', async () => {
  await mint({})
  await post('nonsense')
  await get('/no/such/address')
  const answer = await get('/metrics')
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const text = await answer.text()
  expect(text).toContain('\nsigil_registry_size 1\n')
  // The store's own numbers and the service's are one text.
  for (const name of ['leveldb_open_files', 'sigil_error_total', 'sigil_encode_total']) {
    expect(text.split(`# TYPE ${name} `)).toHaveLength(2)
  }
  const route = 'method="POST",route="/api/consciousness/sigils"'
  expect(text).toContain(`sigil_http_requests_total{${route},status="200"} 1`)
  expect(text).toContain(`sigil_http_requests_total{${route},status="400"} 1`)
  expect(text).toContain('sigil_http_requests_total{method="GET",route="none",status="404"} 1')
})

test('an address that does not exist', async () => {
  const answer = await get('/nothing')
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({ success: false, error: { code: 'NOT_FOUND' } })
})

test('the store is closed with the service', async () => {
  expect(await store.getHealth()).toMatchObject({ status: 'healthy' })
  await app.close()
  expect(await store.getHealth()).toMatchObject({ status: 'unhealthy' })
})

test('what is refused before a route is found has the same form, and text is no body', async () => {
  const odd = await get('/%zz')
  expect(odd.status).toBe(400)
  expect(await odd.json()).toEqual({
    success: false,
    error: { code: 'FST_ERR_BAD_URL', message: expect.any(String) },
  })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    expect((await post('a=1', { 'content-type': type })).status).toBe(415)
  }
})

test('an identity may take its time to tell of itself', async () => {
  const identity = async () => ({ sigil: 'own' })
  const other = await createServer({ store: new InMemoryStorageDriver(), identity })
  const listed = await other.inject('/api/consciousness/sigils')
  expect(listed.json()).toMatchObject({ currentIdentity: { sigil: 'own' } })
  await other.close()
})

test.each([
  [undefined, 'takes { store }'],
  [{}, 'needs a store with the methods open'],
  [{ store: {} }, 'needs a store with the methods open'],
  [{ stor: new InMemoryStorageDriver() }, 'did you mean store?'],
  [{ store: new InMemoryStorageDriver(), identity: {} }, 'a function as identity'],
])('%p makes no service, and it says why', async (parts, why) => {
  await expect(createServer(parts)).rejects.toMatchObject({
    code: 'INVALID_PARAMETERS',
    message: expect.stringContaining(why),
  })
})
