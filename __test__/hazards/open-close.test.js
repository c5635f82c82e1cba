// Hazard: opening and closing again and again, one after another and across each other. Handles,
// threads and memory must not grow, and the directory is free at the end.

const { Level } = require('sigil-vault')
const { expectNoGrowth, run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const times = process.env.SIGIL_LONG === '1' ? 1000 : 100
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
        // A record of its own each time would leave a table each time, which takes memory as well.
        await store.setSigilRecord('a', String(n % 10), { n })
        await store.close()
      })`,
    ),
  )
  const level = new Level(path)
  const values = await level.values().all()
  expect(Math.max(...values.map((text) => JSON.parse(text).n))).toBe(times - 1)
  expect(values).toHaveLength(10)
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
  )
})
