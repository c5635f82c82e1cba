// Guards what writes promise although those of one go of JavaScript are committed together: each
// has its own answer, they happen in the order of their calls, reads see what was acknowledged before
// them, and what was called for before them as far as that need not wait, and callers that await one
// answer after another do not keep the event loop to themselves.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { Level, LevelDBSigilAdapter } = require('..')

let directory
let store

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sigil-groups-'))
  store = new LevelDBSigilAdapter(join(directory, 'db'))
  await store.open()
})

afterEach(async () => {
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})

test('the last of several writes of one record counts, whatever they need', async () => {
  const writes = []
  for (let n = 0; n < 50; n++) {
    const durability = n % 7 === 3 ? 'sync' : 'process'
    writes.push(store.setSigilRecord('t', 's', 'h', { n }, { durability }))
    // Its key could hold an old record, so that something has to be read before it is written.
    writes.push(store.setSigilRecord('t', 's', 'a!b', { n }, { durability }))
    if (n % 10 === 5) writes.push(store.deleteSigilRecord('t', 's', 'h'))
  }
  await Promise.all(writes)
  expect(await store.getSigilRecord('t', 's', 'h')).toMatchObject({ n: 49 })
  expect(await store.getSigilRecord('t', 's', 'a!b')).toMatchObject({ n: 49 })
})

test('a read sees the writes that were called for before it and need not wait', async () => {
  const level = store.db
  await level.open()
  store.setSigilRecord('t', 's', 'h', { n: 1 })
  expect(await store.getSigilRecord('t', 's', 'h')).toMatchObject({ n: 1 })
  store.setSigilRecord('t', 's', 'h', { n: 2 })
  expect(store.getSigilRecordSync('t', 's', 'h')).toMatchObject({ n: 2 })
  store.setSigilRecord('t', 's2', 'h', { n: 3 })
  expect(await store.countSigilRecords('t')).toBe(2)
  level.put('key', 'value')
  expect(level.getSync('key')).toBe('value')
  level.del('key')
  expect(await level.keys({ gte: 'key', lte: 'key' }).all()).toEqual([])
})

test('a write that waits for the disk is seen once it is acknowledged, and whole', async () => {
  const level = store.db
  await level.open()
  await store.setSigilRecord('t', 's', 'h', { n: -1 })
  await level.put('n', '-1')
  for (let n = 0; n < 50; n++) {
    const written = [
      store.setSigilRecord('t', 's', 'h', { n }, { durability: 'sync' }),
      level.put('n', String(n), { sync: true }),
    ]
    // As `level` has it, who does not wait for a write may see what was there before.
    const { n: seen } = await store.getSigilRecord('t', 's', 'h')
    expect([n - 1, n]).toContain(seen)
    expect([n - 1, n]).toContain(Number(await level.get('n')))
    await Promise.all(written)
    expect(await store.getSigilRecord('t', 's', 'h')).toMatchObject({ n })
    expect(level.getSync('n')).toBe(String(n))
  }
})

test('a write that is refused does not take along those beside it', async () => {
  const answers = await Promise.allSettled([
    store.setSigilRecord('t', 'a', 'h', { n: 1 }),
    store.setSigilRecord('t', 'x'.repeat(70_000), 'h', { n: 2 }),
    store.setSigilRecord('t', 'b', 'h', 'no object'),
    store.setSigilRecord('t', 'c', 'h', { n: 4 }),
  ])
  expect(answers.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ])
  expect(await store.countSigilRecords('t')).toBe(2)
})

test('writes larger than what is gathered at most are all there', async () => {
  const body = 'x'.repeat(100_000)
  const numbers = Array.from({ length: 60 }, (_, n) => n)
  await Promise.all(numbers.map((n) => store.setSigilRecord('t', `s${n}`, 'h', { n, body })))
  const records = await store.allSigilRecords('t')
  expect(records.map(({ n }) => n).sort((a, b) => a - b)).toEqual(numbers)
})

test('closing waits for writes that were called for and not awaited', async () => {
  const writes = Array.from({ length: 100 }, (_, n) =>
    store.setSigilRecord('t', `s${n}`, 'h', { n }, n % 3 ? {} : { durability: 'sync' }),
  )
  await store.close()
  await Promise.all(writes)
  await store.open()
  expect(await store.countSigilRecords('t')).toBe(100)
})

test.each([
  ['put', (n) => store.setSigilRecord('t', `s${n}`, 'h', { n })],
  ['get', (n) => store.getSigilRecord('t', `s${n}`, 'h')],
  ['Level.put', (n) => store.db.put(`s${n}`, 'value')],
])('a caller that awaits one %s after another leaves turns to others', async (_, call) => {
  await store.db.open()
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  // Far more calls than it takes, on the slowest machine: without turns there would be none at all.
  for (let n = 0; turns < 10 && n < 1_000_000; n++) await call(n)
  clearInterval(timer)
  expect(turns).toBe(10)
})

test('one signal serves any number of calls at once, and nothing is printed', async () => {
  const warnings = []
  const warned = (warning) => warnings.push(warning)
  process.on('warning', warned)
  const { signal } = new AbortController()
  const options = { signal, durability: 'sync' }
  const numbers = Array.from({ length: 64 }, (_, n) => n)
  await Promise.all(numbers.map((n) => store.setSigilRecord('t', `s${n}`, 'h', { n }, options)))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  expect(warnings).toEqual([])
  expect(await store.countSigilRecords('t')).toBe(64)
})

test('a signal ends the waiting of all calls that it was given to, and of no other', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const given = [1, 2, 3].map((n) =>
    store.setSigilRecord('t', `s${n}`, 'h', { n }, { signal, durability: 'sync' }),
  )
  const other = store.setSigilRecord('t', 'other', 'h', {}, { durability: 'sync' })
  controller.abort()
  const answers = await Promise.allSettled(given)
  expect(answers.map(({ reason }) => reason.code)).toEqual(['ABORT_ERR', 'ABORT_ERR', 'ABORT_ERR'])
  await other
})

test('a batch of a Level may be larger than what is gathered, and is one write', async () => {
  const level = new Level(join(directory, 'level'), { valueEncoding: 'json' })
  const value = 'x'.repeat(1_000)
  const operations = Array.from({ length: 5_000 }, (_, n) => ({ type: 'put', key: `k${n}`, value }))
  const before = level.put('k0', 'older')
  await Promise.all([level.batch(operations), level.put('k1', 'newer')])
  await before
  expect(await level.get('k0')).toBe(value)
  expect(await level.get('k1')).toBe('newer')
  await level.close()
})
