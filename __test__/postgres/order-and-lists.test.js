// Guards what connections could mix up: calls on one record take place in the order of the calls,
// and a long listing is of one moment, keeps little in memory, and keeps nobody else from working.

const { metrics } = require('sigil-vault')
const { freshStore, sql, storeOfEachTest } = require('./support.js')

const own = storeOfEachTest()

async function fill(rows, bytes) {
  await own.store.open()
  await sql(`INSERT INTO ${own.schema}.tenant_sigil_auth (tenant_id, sigil_symbol, auth_hash, record)
    SELECT 't', 's' || lpad(n::text, 6, '0'), 'h', jsonb_build_object('n', n, 'text', repeat('x', ${bytes}))
    FROM generate_series(1, ${rows}) AS n`)
}

test('calls on one record that nobody waits for keep their order', async () => {
  const reads = []
  const calls = []
  for (let n = 0; n < 200; n++) {
    const put = { type: 'put', tenantId: 't', sigilId: 's', authHash: 'h', record: { n } }
    calls.push(
      n % 3 === 0 ? own.store.batch([put]) : own.store.setSigilRecord('t', 's', 'h', { n }),
    )
    if (n % 7 === 0) calls.push(own.store.deleteSigilRecord('t', 's', 'h'))
    reads.push(own.store.getSigilRecord('t', 's', 'h').then((found) => [n, found?.n]))
  }
  await Promise.all(calls)
  for (const [n, found] of await Promise.all(reads)) expect(found).toBe(n % 7 ? n : undefined)
})

test('batches over the same records at once are each whole', async () => {
  const names = Array.from({ length: 30 }, (_, n) => `s${n}`)
  const { schema, store } = own
  const others = [freshStore({ schema }), freshStore({ schema }), store]
  await Promise.all(
    Array.from({ length: 30 }, (_, by) =>
      others[by % 3].batch(
        [...names]
          .sort(() => Math.random() - 0.5)
          .map((sigilId, at) => ({
            type: (by + at) % 5 ? 'put' : 'del',
            ...{ tenantId: 't', sigilId, authHash: 'h', record: { by } },
          }))
          .map((one) => (by % 2 ? { ...one, type: 'put' } : one)),
      ),
    ),
  )
  await own.store.batch(
    names.map((sigilId) => ({
      type: 'put',
      tenantId: 't',
      sigilId,
      authHash: 'h',
      record: { by: 'last' },
    })),
  )
  const all = await own.store.allSigilRecords('t')
  expect(all.map(({ by }) => by)).toEqual(names.map(() => 'last'))
  await others[0].close()
  await others[1].close()
})

test('a long listing is of one moment, and others work meanwhile', async () => {
  await fill(5000, 100)
  const seen = []
  for await (const { n } of own.store.records({ tenantId: 't' })) {
    seen.push(n)
    if (n % 1000 === 1) {
      await own.store.deleteSigilRecord('t', `s${String(n + 500).padStart(6, '0')}`, 'h')
      await own.store.setSigilRecord('t', `s${String(n).padStart(6, '0')}x`, 'h', { n: -n })
    }
  }
  expect(seen).toEqual(Array.from({ length: 5000 }, (_, at) => at + 1))
})

test('a listing fetches about a megabyte at a time', async () => {
  await fill(200, 100_000)
  const fetched = []
  const { Client } = require('pg')
  const plain = Client.prototype.query
  Client.prototype.query = function query(...args) {
    if (String(args[0]).startsWith('FETCH')) fetched.push(Number(/\d+/.exec(args[0])[0]))
    return plain.apply(this, args)
  }
  try {
    expect(await own.store.countSigilRecords('t', { filter: { n: 77 } })).toBe(1)
  } finally {
    Client.prototype.query = plain
  }
  expect(Math.max(...fetched)).toBeLessThanOrEqual(16)
  expect(fetched.length).toBeGreaterThanOrEqual(13)
})

test('listings that are left give their connections back', async () => {
  await fill(2000, 10)
  for (let n = 0; n < 20; n++) {
    for await (const _ of own.store.records({ tenantId: 't' })) break
    await own.store.allSigilRecords('t', { limit: 3, filter: {} })
    const { signal } = new AbortController()
    for await (const _ of own.store.records({ tenantId: 't', signal })) break
  }
  expect((await own.store.getHealth()).details).toMatchObject({ waiting: 0 })
  expect(await own.store.countSigilRecords('t')).toBe(2000)
})

test('closing ends a listing that is under way', async () => {
  await fill(2000, 10)
  const iteration = own.store.records({ tenantId: 't' })
  await iteration.next()
  await own.store.close()
  const rest = (async () => {
    for await (const _ of iteration);
  })()
  await expect(rest).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
})

test('writes and reads are in the numbers', async () => {
  const labelled = freshStore({ metricsLabels: { store: 'pg' } })
  await labelled.setSigilRecord('a', 'b', {})
  await labelled.getSigilRecord('a', 'b')
  await labelled.getSigilRecord('a', 'b')
  await labelled.close()
  expect(metrics()).toContain('sigil_storage_write_seconds_count{store="pg"} 1')
  expect(metrics()).toContain('sigil_storage_read_seconds_count{store="pg"} 2')
})
