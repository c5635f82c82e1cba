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
