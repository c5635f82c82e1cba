// Guards closing while reads are under way: each was asked for before, so each is answered.

const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const RECORDS = 2000
const scratch = scratchFolder()

/** A directory whose reads need the disk for some, and memory for others. */
async function directoryWithRecords() {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  const write = (n) => store.setSigilRecord('t', `s${n}`, 'h', { n, text: 'x'.repeat(300) })
  await Promise.all(Array.from({ length: RECORDS }, (_, n) => write(n)))
  await store.compact()
  await store.close()
  return path
}

/** How often each answer was given. */
function answers(results, expected) {
  const counts = {}
  for (const [n, { value, reason }] of results.entries()) {
    const answer = reason?.code ?? (value?.n === expected(n) ? 'right' : 'wrong')
    counts[answer] = (counts[answer] ?? 0) + 1
  }
  return counts
}

const at = (n) => n % RECORDS

test.each([64, 20_000])(
  'a store with %i gets under way closes, and answers them',
  async (count) => {
    const path = await directoryWithRecords()
    const store = new LevelDBSigilAdapter(path, { cacheSize: 0 })
    await store.open()
    const reads = Array.from({ length: count }, (_, n) =>
      store.getSigilRecord('t', `s${at(n)}`, 'h'),
    )
    const [results] = await Promise.all([Promise.allSettled(reads), store.close()])
    expect(answers(results, at)).toEqual({ right: count })
    await expect(store.getSigilRecord('t', 's0', 'h')).rejects.toMatchObject({
      code: 'LEVEL_DATABASE_NOT_OPEN',
    })
  },
)

test.each([64, 20_000])(
  'a Level with %i gets under way closes, and answers them',
  async (count) => {
    const path = await directoryWithRecords()
    const level = new Level(path, { cacheSize: 0, valueEncoding: 'json' })
    await level.open()
    const reads = Array.from({ length: count }, (_, n) => level.get(`t!sigil!s${at(n)}!h`))
    const [results] = await Promise.all([Promise.allSettled(reads), level.close()])
    expect(answers(results, at)).toEqual({ right: count })
  },
)

test.each([
  ['all records', (store) => store.allSigilRecords('t'), (found) => found.length],
  ['a count', (store) => store.countSigilRecords('t'), (count) => count],
  [
    'a count by a filter',
    (store) => store.countSigilRecords('t', { filter: { sigilId: 's7' } }),
    (count) => count + RECORDS - 1,
  ],
])('a store closes after %s, in whatever stage it was', async (_, call, sizeOf) => {
  const path = await directoryWithRecords()
  for (let turns = 0; turns < 4; turns++) {
    const store = new LevelDBSigilAdapter(path)
    if (turns > 0) await store.open()
    const called = call(store)
    for (let turn = 1; turn < turns; turn++) await new Promise(setImmediate)
    const [found] = await Promise.all([called, store.close()])
    expect(sizeOf(found)).toBe(RECORDS)
    // Nobody holds it any more.
    const level = new Level(path)
    await level.open()
    await level.close()
  }
})

test('a store closes after a list that was given up', async () => {
  const store = new LevelDBSigilAdapter(await directoryWithRecords())
  await store.open()
  const giveUp = new AbortController()
  const listed = store.allSigilRecords('t', { signal: giveUp.signal })
  giveUp.abort()
  await expect(listed).rejects.toMatchObject({ code: 'ABORT_ERR' })
  await store.close()
})
