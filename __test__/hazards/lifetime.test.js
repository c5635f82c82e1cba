// The ways in which a process ends without asking: nothing may crash, hang, keep a lock or keep the
// process alive.

const { run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test('a process ends by itself with databases, writes and iterators open', () => {
  run(
    scratch('db'),
    `const store = new LevelDBSigilAdapter(path)
    await store.setSigilRecord('a', 'b', {})
    store.setSigilRecord('a', 'c', {})
    store.db.iterator().next()
    await new Level(path + '2').open()`,
  )
})

test('process.exit with writes under way', () => {
  const path = scratch('db')
  run(
    path,
    `const db = new Level(path)
    await db.put('first', 'v')
    for (let n = 0; n < 500; n++) db.put('k' + n, 'v', { sync: n % 2 === 0 })
    setTimeout(() => process.exit(0), 5)`,
  )
  const first = run(
    path,
    `const db = new Level(path)
    const first = await db.get('first')
    await db.close()
    return first`,
  )
  expect(first).toBe('v')
})

test('a database that is garbage frees its lock', () => {
  run(
    scratch('db'),
    `await (async () => { const db = new Level(path); await db.put('a', 'b') })()
    const again = new Level(path, { lockTimeout: 10_000 })
    const collecting = setInterval(() => global.gc(), 20)
    await again.open()
    clearInterval(collecting)
    if ((await again.get('a')) !== 'b') throw new Error('lost')
    await again.close()`,
  )
})
