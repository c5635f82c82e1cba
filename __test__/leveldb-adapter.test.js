// The LevelDB adapter keeps the contract that every store keeps; what is its own is tested beside.

const { cpSync, mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { contractSuite } = require('./contract/suite.js')

const scratch = mkdtempSync(join(tmpdir(), 'sigil-vault-adapter-'))
let count = 0
const fresh = () => join(scratch, `db-${count++}`)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

contractSuite('LevelDBSigilAdapter', { create: () => new LevelDBSigilAdapter(fresh()) })

test('adapters on one directory share it; the last one to close frees it', async () => {
  const path = fresh()
  const [one, other] = [
    new LevelDBSigilAdapter(path),
    new LevelDBSigilAdapter(`${path}/../${path.split('/').at(-1)}`),
  ]
  await one.setSigilRecord('a', 'b', { x: 1 })
  expect(await other.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await one.close()
  expect(await other.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  const level = new Level(path)
  await expect(level.open()).rejects.toMatchObject({ cause: { code: 'LEVEL_LOCKED' } })
  await other.close()
  await level.open()
  expect(await level.get('sigil:a:b')).toBe('{"x":1}')
  await level.close()
})

test('a held directory is LEVEL_LOCKED for every operation, and opens later', async () => {
  const path = fresh()
  const level = new Level(path)
  await level.open()
  const store = new LevelDBSigilAdapter(path)
  const error = await store.getSigilRecord('a', 'b').catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'LEVEL_LOCKED', operation: 'getSigilRecord' })
  expect(error.message).toContain('LOCK')
  expect(error.cause).toMatchObject({ code: 'LEVEL_LOCKED' })
  await expect(store.setSigilRecord('a', 'b', {})).rejects.toMatchObject({ code: 'LEVEL_LOCKED' })
  await expect(store.open()).rejects.toMatchObject({ code: 'LEVEL_LOCKED' })
  expect(await store.getHealth()).toMatchObject({ status: 'unhealthy' })
  await level.close()
  await store.open()
  await store.setSigilRecord('a', 'b', {})
  await store.close()
})

test('adapter.db of a directory that was held opens when it is used later, as its adapter does', async () => {
  const path = fresh()
  const level = new Level(path)
  await level.open()
  const store = new LevelDBSigilAdapter(path)
  const notOpen = { code: 'LEVEL_DATABASE_NOT_OPEN' }
  const { db } = store
  await expect(db.put('sigil:a:b', '{}')).rejects.toMatchObject(notOpen)
  await expect(store.db.put('sigil:a:b', '{}')).rejects.toMatchObject(notOpen)
  await level.close()
  // Somebody who has kept it has to open it: abstract-level knows nothing of trying again.
  await expect(db.put('sigil:a:b', '{}')).rejects.toMatchObject(notOpen)
  await store.db.put('sigil:a:b', '{"x":1}')
  expect(await db.get('sigil:a:b')).toBe('{"x":1}')
  expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await store.close()
  // What was closed stays closed.
  expect(store.db.status).toBe('closed')
  await expect(store.db.get('sigil:a:b')).rejects.toMatchObject(notOpen)
})

test('adapter.db follows an adapter that has opened after all', async () => {
  const path = fresh()
  const level = new Level(path)
  await level.open()
  const store = new LevelDBSigilAdapter(path)
  await expect(store.db.open()).rejects.toMatchObject({ cause: { code: 'LEVEL_LOCKED' } })
  await level.close()
  await store.setSigilRecord('a', 'b', { x: 1 })
  expect(await store.db.get('sigil:a:b')).toBe('{"x":1}')
  await store.close()
})

test('adapter.db is a Level on the same open database', async () => {
  const store = new LevelDBSigilAdapter(fresh())
  await store.db.open()
  await store.setSigilRecord('a', 'b', { x: 1 })
  expect(await store.db.get('sigil:a:b')).toBe('{"x":1}')
  await store.db.put('sigil:c:d', '{"y":2}')
  expect(await store.allSigilRecords()).toEqual([{ x: 1 }, { y: 2 }])
  await store.db.clear()
  expect(await store.countSigilRecords()).toBe(0)
  await store.db.close()
  await expect(store.getSigilRecord('a', 'b')).rejects.toMatchObject({
    code: 'LEVEL_DATABASE_NOT_OPEN',
  })
  await store.open()
  expect(await store.getSigilRecord('a', 'b')).toBeUndefined()
  await store.close()
})

test('records that the old code left unescaped are read, listed once, and moved when written', async () => {
  const store = new LevelDBSigilAdapter(fresh())
  const left = (tenantId, symbol, authHash) =>
    store.db.put(
      `${tenantId}!sigil!${symbol}!${authHash}`,
      JSON.stringify({ tenantId, symbol, authHash }),
    )
  await left('a', 'b!c', 'd')
  await left('a!x', 's', 'h')
  await store.setSigilRecord('a', 'zz', 'h', {})
  expect(await store.getSigilRecord('a', 'b!c', 'd')).toMatchObject({ symbol: 'b!c' })
  expect(await store.getSigilRecord('a', 'b', 'c!d')).toBeUndefined()
  expect(await store.countSigilRecords('a!x')).toBe(1)
  const pages = []
  for (let cursor = null; ; ) {
    const [record] = await store.allSigilRecords('a', { limit: 1, cursor })
    if (record === undefined) break
    pages.push(record.symbol)
    cursor = record.symbol
  }
  expect(pages).toEqual(['b!c', 'zz'])
  await store.setSigilRecord('a', 'b!c', 'd', { new: true })
  expect(await store.db.keys().all()).toEqual(['a!sigil!!b%21c:d', 'a!sigil!zz!h', 'a!x!sigil!s!h'])
  await store.close()
})

test('the directory that FlappyJournal left reads', async () => {
  const path = fresh()
  const fixture = join(__dirname, '../crates/leveldb/tests/fixtures/flappyjournal-leveldb')
  cpSync(fixture, path, { recursive: true })
  const store = new LevelDBSigilAdapter(path)
  const keys = await store.db.keys().all()
  expect(keys.length).toBeGreaterThan(0)
  const shared = await store.allSigilRecords()
  expect(shared).toHaveLength(keys.filter((key) => key.startsWith('sigil:')).length)
  await store.close()
})

test('many records stream, and are counted', async () => {
  const store = new LevelDBSigilAdapter(fresh())
  await Promise.all(
    Array.from({ length: 5000 }, (_, n) =>
      store.setSigilRecord('t', `s${String(n).padStart(5, '0')}`, 'h', {
        n,
        text: 'x'.repeat(300),
      }),
    ),
  )
  const seen = []
  for await (const { n } of store.records({ tenantId: 't' })) seen.push(n)
  expect(seen).toEqual(Array.from({ length: 5000 }, (_, n) => n))
  expect(await store.countSigilRecords('t')).toBe(5000)
  const some = await store.allSigilRecords('t', { filter: { n: 4321 } })
  expect(some).toHaveLength(1)
  for await (const { n } of store.records({ tenantId: 't' })) if (n === 10) break
  await store.close()
})

test('getMany, reads in the call, checkpoints, compaction and statistics', async () => {
  const store = new LevelDBSigilAdapter(fresh())
  expect(() => store.getSigilRecordSync('a', 'b')).toThrow(
    expect.objectContaining({ code: 'LEVEL_DATABASE_NOT_OPEN' }),
  )
  await store.setSigilRecord('a', 'b', { x: 1 })
  await store.setSigilRecord('t', 'a', 'b', { x: 2 }, { durability: 'sync' })
  expect(store.getSigilRecordSync('a', 'b')).toEqual({ x: 1 })
  const many = await store.getMany([
    ['a', 'b'],
    ['t', 'a', 'b'],
    ['none', 'none'],
  ])
  expect(many).toEqual([{ x: 1 }, expect.objectContaining({ x: 2 }), undefined])
  const copy = fresh()
  await store.checkpoint(copy)
  await store.compact()
  expect(await store.stats()).toMatchObject({ outOfSpace: false, filesAtLevel: expect.any(Array) })
  const second = new LevelDBSigilAdapter(copy)
  expect(await second.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await second.close()
  const signal = AbortSignal.abort()
  await expect(store.compact({ signal })).rejects.toMatchObject({ name: 'AbortError' })
  await store.close()
})
