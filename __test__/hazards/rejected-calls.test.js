// Hazard: calls that are refused, by our checks, by the addon's, and because the store is closed.
// None may leave anything behind.

const { expectNoGrowth, run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')
const { expectUnlocked } = require('../support/unlocked.js')

const times = 100_000
const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test(`${times} rejected calls`, async () => {
  const path = scratch('db')
  const growth = run(
    path,
    `const store = new LevelDBSigilAdapter(path)
    await store.open()
    const closed = new LevelDBSigilAdapter(path)
    await closed.close()
    const long = 'x'.repeat(70_000)
    const aborted = AbortSignal.abort()
    const calls = [
      () => store.setSigilRecord('a'),
      () => store.setSigilRecord('t', 's', { an: 'object' }, {}),
      () => store.getSigilRecord('', 's', 'h'),
      () => store.setSigilRecord('t', 's', 'h', { big: 1n }),
      () => store.setSigilRecord(long, 's', 'h', {}),
      () => store.batch([{ type: 'put', tenantId: 't', sigilId: 's', authHash: 'h', record: 7 }]),
      () => store.db.get(),
      () => store.db.put('k', 'v', { durability: 'never' }),
      () => store.getSigilRecord('s', 'h', { signal: aborted }),
      () => closed.getSigilRecord('s', 'h'),
    ]
    const growth = await watch(${times}, async (n) => {
      const outcome = await calls[n % calls.length]().then(() => 'done', (error) => error.code)
      if (typeof outcome !== 'string' || outcome === 'done' || outcome === 'INTERNAL_ERROR') {
        throw new Error('call ' + (n % calls.length) + ' gave ' + outcome)
      }
    })
    if (await store.countSigilRecords() !== 0) throw new Error('something was written')
    await store.close()
    return growth`,
  )
  expectNoGrowth(growth)
  await expectUnlocked(path)
})
