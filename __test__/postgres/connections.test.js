// Guards what lies between a store and its server: one that is away, comes back, or was never there;
// tables that several make at once; a caller's pool; and an end that leaves nothing.

const { setTimeout: delay } = require('node:timers/promises')
const { Pool } = require('pg')
const { PostgresSigilAdapter } = require('sigil-vault')
const { run } = require('../support/child.js')
const { freshSchema, freshStore, sql, url } = require('./support.js')
const { cutAll, proxy } = require('./proxy.js')

afterEach(cutAll)

test('a server that goes away is a transient error, and one that is back is used again', async () => {
  const way = await proxy()
  const store = new PostgresSigilAdapter(way.url, { schema: freshSchema(), connectTimeout: 2000 })
  await store.setSigilRecord('a', 'b', { x: 1 })
  const iteration = store.records()
  await way.cut()
  await delay(50)
  const away = { name: 'StorageUnavailableError', code: 'STORAGE_UNAVAILABLE', transient: true }
  await expect(store.getSigilRecord('a', 'b')).rejects.toMatchObject(away)
  await expect(store.setSigilRecord('a', 'b', {})).rejects.toMatchObject(away)
  await expect(store.allSigilRecords()).rejects.toMatchObject(away)
  await expect(store.batch([])).resolves.toBeUndefined()
  await expect(iteration.next()).rejects.toMatchObject(away)
  expect(await store.getHealth()).toMatchObject({ status: 'unhealthy', details: { open: true } })
  await way.restore()
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  expect(await store.getHealth()).toMatchObject({ status: 'healthy' })
  await store.close()
})

test('a statement that is cut off says so, and so does a server that says nothing', async () => {
  const way = await proxy()
  const schema = freshSchema()
  const store = new PostgresSigilAdapter(way.url, {
    schema,
    connectTimeout: 300,
    queryTimeout: 300,
  })
  await store.setSigilRecord('a', 'b', { x: 1 })
  way.silence(true)
  const away = { code: 'STORAGE_UNAVAILABLE', transient: true }
  await expect(store.getSigilRecord('a', 'b')).rejects.toMatchObject(away)
  await expect(store.allSigilRecords()).rejects.toMatchObject(away)
  const reading = store.getSigilRecord('a', 'b')
  await Promise.all([expect(reading).rejects.toMatchObject(away), delay(50).then(way.cut)])
  way.silence(false)
  await way.restore()
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await store.close()
})

test('a store that was made before its server was there works when it is', async () => {
  const way = await proxy()
  await way.cut()
  const store = new PostgresSigilAdapter(way.url, { schema: freshSchema() })
  await delay(50)
  await expect(store.open()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  await way.restore()
  await store.setSigilRecord('a', 'b', { x: 1 })
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await store.close()
})

test('connections that the server ends are replaced', async () => {
  const store = freshStore()
  await store.setSigilRecord('a', 'b', { x: 1 })
  await sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
  await delay(50)
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await store.close()
})

test('stores that make their tables at the same time all work', async () => {
  const schema = freshSchema()
  const stores = Array.from({ length: 8 }, () => freshStore({ schema }))
  await Promise.all(stores.map((store, n) => store.setSigilRecord('s', `h${n}`, { n })))
  expect(await stores[0].countSigilRecords()).toBe(8)
  await Promise.all(stores.map((store) => store.close()))
})

test('a role that may not make tables uses those that there are', async () => {
  const schema = freshSchema()
  const owner = freshStore({ schema })
  await owner.setSigilRecord('a', 'b', { x: 1 })
  await owner.close()
  await sql(`CREATE ROLE ${schema} LOGIN; GRANT USAGE ON SCHEMA ${schema} TO ${schema};
    GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${schema}`)
  const reader = new PostgresSigilAdapter(url.replace('sigil@', `${schema}@`), { schema })
  expect(await reader.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await expect(reader.setSigilRecord('a', 'b', {})).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    transient: false,
    cause: { code: '42501' },
  })
  await reader.close()
  // In a schema of its own it may make tables, but no schema.
  const own = freshSchema()
  await sql(`CREATE SCHEMA ${own} AUTHORIZATION ${schema}`)
  const maker = new PostgresSigilAdapter(url.replace('sigil@', `${schema}@`), { schema: own })
  await maker.setSigilRecord('a', 'b', { x: 2 })
  expect(await maker.getSigilRecord('a', 'b')).toEqual({ x: 2 })
  await maker.close()
  await sql(`DROP OWNED BY ${schema}; DROP ROLE ${schema}`)
})

test("a caller's pool is used, and stays the caller's", async () => {
  const pool = new Pool({ connectionString: url, max: 2 })
  const listeners = pool.listenerCount('error')
  const store = new PostgresSigilAdapter(pool, { schema: freshSchema() })
  await store.setSigilRecord('a', 'b', { x: 1 })
  await store.close()
  expect(pool.listenerCount('error')).toBe(listeners)
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await store.open()
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await store.close()
  await pool.end()
  await store.open().catch(({ code }) => expect(code).toBe('STORAGE_UNAVAILABLE'))
  await store.close()
})

test.each([[''], ['with\0nul'], [5], [{}], [{ query() {} }], [new Pool({ max: 1 })]])(
  '%p is no database',
  (database) => {
    const refused = expect.objectContaining({ code: 'INVALID_PARAMETERS' })
    expect(() => new PostgresSigilAdapter(database)).toThrow(refused)
  },
)

test.each([
  [null],
  [{ schema: '' }],
  [{ schema: 'x'.repeat(64) }],
  [{ schema: 5 }],
  [{ max: 1 }],
  [{ max: 2.5 }],
  [{ queryTimeout: 'long' }],
  [{ connectTimeout: 0 }],
  [{ now: 5 }],
  [{ metricsLabels: 5 }],
])('%p are no options', (options) => {
  const refused = expect.objectContaining({ code: 'INVALID_PARAMETERS' })
  expect(() => new PostgresSigilAdapter(url, options)).toThrow(refused)
})

test('a schema may have any name', async () => {
  const schema = `a "b"; DROP -- ${freshSchema().slice(0, 20)}`
  const store = freshStore({ schema })
  await store.setSigilRecord('a', 'b', { x: 1 })
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await store.close()
  await sql(`DROP SCHEMA "${schema.replaceAll('"', '""')}" CASCADE`)
})

test('a process ends with a store that was closed, and with one that was not', () => {
  for (const end of ['await store.close()', '']) {
    const said = run(
      '',
      `
      const { PostgresSigilAdapter } = require('sigil-vault')
      const store = new PostgresSigilAdapter(${JSON.stringify(url)}, { schema: '${freshSchema()}' })
      await store.setSigilRecord('a', 'b', { x: 1 })
      const iteration = store.records()
      await iteration.next()
      ${end}
      return 'done'`,
    )
    expect(said).toBe('done')
  }
})
