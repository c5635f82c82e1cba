// Hazard: opening and closing again and again, one after another and across each other. Handles,
// threads and memory must not grow, and the directory is free at the end.

const { Level } = require('sigil-vault')
const { expectNoGrowth, run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const long = process.env.SIGIL_LONG === '1'
const times = long ? 1000 : 100
/** Megabytes: what the allocator keeps grows with the number of threads that come and go. */
const room = long ? 32 : 8
const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test(`${times} times open, write, close`, async () => {
  const path = scratch('db')
  expectNoGrowth(
    run(
      path,
      `return watch(${times}, async (n) => {
        const store = new LevelDBSigilAdapter(path)
        await store.setSigilRecord('a', String(n), {})
        await store.close()
      })`,
    ),
    room,
  )
  const level = new Level(path)
  expect((await level.keys().all()).length).toBe(times)
  await level.close()
})

test(`${times} times opened twice and closed across each other`, () => {
  expectNoGrowth(
    run(
      scratch('db'),
      `return watch(${times}, async (n) => {
        const [one, other] = [new LevelDBSigilAdapter(path), new LevelDBSigilAdapter(path)]
        await one.setSigilRecord('a', 'b', { n })
        await Promise.all([one.close(), other.open().then(() => other.close())])
      })`,
    ),
    room,
  )
})

test(`${times} failed openings`, () => {
  expectNoGrowth(
    run(
      scratch('db'),
      `const holder = new Level(path)
      await holder.open()
      const growth = await watch(${times}, async (n) => {
        const store = new LevelDBSigilAdapter(path)
        const code = await store.open().then(() => 'none', (error) => error.code)
        if (code !== 'LEVEL_LOCKED') throw new Error(code)
        await store.close()
      })
      await holder.close()
      return growth`,
    ),
    room,
  )
})
