// Hazard: iterators, snapshots and listings that nobody closes. They are collected with what they
// hold, and the database closes.

const { expectNoGrowth, run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')
const { expectUnlocked } = require('../support/unlocked.js')

const times = 100_000
const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test(`${times} abandoned iterators, some of them begun`, async () => {
  const path = scratch('db')
  const growth = run(
    path,
    `const store = new LevelDBSigilAdapter(path)
    const db = store.db
    await db.batch(Array.from({ length: 100 }, (_, n) => ({ type: 'put', key: 'k' + n, value: '{}' })))
    const growth = await watch(${times}, async (n) => {
      const iterator = db.iterator()
      if (n % 7 === 0) await iterator.next()
      if (n % 11 === 0) db.snapshot()
      if (n % 13 === 0) await store.records().next()
    })
    await store.close()
    return growth`,
  )
  expectNoGrowth(growth)
  await expectUnlocked(path)
})
