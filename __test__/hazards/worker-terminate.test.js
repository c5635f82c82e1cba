// Hazard: `worker.terminate()` with hundreds of operations under way. The thread's environment ends
// while jobs run for it; nothing may crash, hang, leak, or keep the directory locked.

const { Level } = require('sigil-vault')
const { expectNoGrowth, run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const times = process.env.SIGIL_LONG === '1' ? 1000 : 40
const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test(`${times} workers terminated with hundreds of operations under way`, async () => {
  const path = scratch('db')
  const { growth, acknowledged } = run(
    path,
    `
    const { Worker } = require('node:worker_threads')
    const code = \`
      const { LevelDBSigilAdapter } = require('sigil-vault')
      const { parentPort, workerData: { path, round } } = require('node:worker_threads')
      const store = new LevelDBSigilAdapter(path)
      const durability = 'sync'
      store.open().then(async () => {
        await store.setSigilRecord('t', 'r' + round, 'h', { round })
        for (let n = 0; n < 200; n++) {
          store.setSigilRecord('t', 's' + n, 'h', { n }, { durability })
          store.setSigilRecord('t', 'p' + n, 'h', { n })
          store.getSigilRecord('t', 's' + n, 'h')
          if (n % 20 === 0) store.allSigilRecords('t')
          if (n % 40 === 0) { store.db.iterator().next(); store.db.put('k', 'v', { sync: true }) }
        }
        parentPort.postMessage('busy')
      })
    \`
    const acknowledged = []
    const growth = await watch(${times}, async (round) => {
      const worker = new Worker(code, { eval: true, workerData: { path, round } })
      const failed = new Promise((_, reject) => worker.once('error', reject))
      await Promise.race([failed, new Promise((resolve) => worker.once('message', resolve))])
      acknowledged.push(round)
      failed.catch(() => {})
      await worker.terminate()
    })
    return { growth, acknowledged }
    `,
  )
  expectNoGrowth(growth, 16)
  const level = new Level(path)
  await level.open()
  for (const round of acknowledged) {
    expect(await level.has(`t!sigil!r${round}!h`)).toBe(true)
  }
  await level.close()
})
