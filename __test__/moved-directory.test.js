// Guards what comes after the directory of an open database was moved or removed: a database that is
// opened in its place is never mixed with it, and no write goes where nobody will find it.

const { existsSync, mkdirSync, renameSync, rmSync } = require('node:fs')
const { Worker } = require('node:worker_threads')
const { join } = require('node:path')
const { once } = require('node:events')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')
const { testWhere } = require('./support/where-possible.js')

const scratch = scratchFolder()
const missing =
  process.platform === 'win32' ? 'a directory moves while files in it are open' : undefined
const testOfMoves = testWhere(missing)
const remove = (path) => rmSync(path, { recursive: true })
const move = (path) => renameSync(path, `${path}.old`)

const WAYS = [['removed', remove], ...(missing === undefined ? [['moved', move]] : [])]

/** That the path is taken, by this process, and why. */
async function expectTaken(opening) {
  const thrown = await opening.then(
    () => undefined,
    (error) => error.cause ?? error,
  )
  expect(thrown).toMatchObject({ code: 'LEVEL_LOCKED', holder: process.pid, transient: true })
  expect(thrown.message).toMatch(/moved or removed while this process had the database open/)
}

test.each(WAYS)('a Level is not opened where one was %s that is open', async (_way, take) => {
  const path = scratch('db')
  const options = { writeBufferSize: 64 << 10 }
  const forgotten = new Level(path, options)
  await forgotten.put('forgotten', '1')
  take(path)
  for (const shared of [false, true]) {
    await expectTaken(new Level(path, { ...options, multithreading: shared }).open())
  }
  await expectTaken(Level.destroy(path))
  await forgotten.close()
  const next = new Level(path, options)
  expect(await next.keys().all()).toEqual([])
  await next.put('next', '2')
  await next.close()
})

test.each(WAYS)('a store does not join one whose directory was %s', async (_way, take) => {
  const path = scratch('db')
  const first = new LevelDBSigilAdapter(path)
  await first.setSigilRecord('s', 'h', { n: 1 })
  take(path)
  const second = new LevelDBSigilAdapter(path)
  await expectTaken(second.open())
  await expectTaken(second.setSigilRecord('s', 'h', { n: 2 }))
  const worker = new Worker(
    `const { LevelDBSigilAdapter } = require(${JSON.stringify(join(__dirname, '..'))})
    const { parentPort, workerData } = require('node:worker_threads')
    new LevelDBSigilAdapter(workerData).open().then(
      () => parentPort.postMessage('opened'),
      ({ code }) => parentPort.postMessage(code),
    )`,
    { eval: true, workerData: path },
  )
  expect(await once(worker, 'message')).toEqual(['LEVEL_LOCKED'])
  await worker.terminate()
  // It is in use still, as far as memory goes.
  expect(await first.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await first.close().catch(() => {})
  await second.setSigilRecord('s', 'h', { n: 2 })
  await second.close()
  expect(existsSync(join(path, 'CURRENT'))).toBe(true)
  const third = new LevelDBSigilAdapter(path)
  expect(await third.allSigilRecords()).toEqual([{ n: 2 }])
  await third.close()
})

testOfMoves('stores go on sharing a directory that was put back', async () => {
  const path = scratch('db')
  const first = new LevelDBSigilAdapter(path)
  await first.setSigilRecord('s', 'h', { n: 1 })
  move(path)
  renameSync(`${path}.old`, path)
  const second = new LevelDBSigilAdapter(path)
  expect(await second.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await Promise.all([first.close(), second.close()])
})

testOfMoves(
  'writes that need a new file fail and say why; the other directory stays as it is',
  async () => {
    const path = scratch('db')
    const level = new Level(path, { writeBufferSize: 64 << 10 })
    await level.put('key', 'value')
    move(path)
    mkdirSync(path)
    let failed
    for (let n = 0; n < 2000 && failed === undefined; n++) {
      await level.put(`key ${n}`, 'x'.repeat(300), { sync: true }).catch((thrown) => {
        failed = thrown
      })
    }
    expect(failed.message).toMatch(/moved or removed while the database was open/)
    expect(failed.path).toContain(path)
    await level.close().catch(() => {})
    expect(existsSync(join(path, 'CURRENT'))).toBe(false)
  },
)
