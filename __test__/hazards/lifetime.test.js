// The ways in which a process or a thread ends without asking: nothing may crash, hang, keep a lock
// or keep the process alive.

const { spawnSync } = require('node:child_process')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

const root = join(__dirname, '..', '..')
const times = process.env.SIGIL_LONG === '1' ? 1000 : 25

let folder

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-hazard-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

/** Runs code in a process of its own; it must end by itself, without a signal. */
function run(code, nodeArguments = []) {
  const prelude = `
    const { Level, LevelDBSigilAdapter } = require('sigil-vault')
    const path = ${JSON.stringify(join(folder, 'db'))}
    const times = ${times}
  `
  const args = [...nodeArguments, '--eval', `${prelude};(async () => {${code}})()`]
  const options = { cwd: root, encoding: 'utf8', timeout: 600_000, killSignal: 'SIGKILL' }
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, options)
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  return stdout
}

test('a process ends by itself with databases and iterators open', () => {
  run(`
    const store = new LevelDBSigilAdapter(path)
    await store.setSigilRecord('a', 'b', {})
    store.setSigilRecord('a', 'c', {}, )
    store.db.iterator().next()
    await new Level(path + '2').open()
  `)
})

test('process.exit with writes under way', () => {
  run(`
    const db = new Level(path)
    await db.open()
    for (let n = 0; n < 500; n++) db.put('k' + n, 'v', { sync: n % 2 === 0 })
    setTimeout(() => process.exit(0), 5)
  `)
  run(`const db = new Level(path); await db.open(); await db.close()`)
})

test('opening and closing again and again', () => {
  run(`
    for (let n = 0; n < times; n++) {
      const store = new LevelDBSigilAdapter(path)
      await store.setSigilRecord('a', String(n), {})
      await store.close()
    }
  `)
})

test('iterators and snapshots that nobody closes are collected', () => {
  run(
    `
    const db = new Level(path)
    await db.batch(Array.from({ length: 100 }, (_, n) => ({ type: 'put', key: 'k' + n, value: 'v' })))
    for (let n = 0; n < times * 20; n++) {
      const iterator = db.iterator()
      if (n % 3 === 0) await iterator.next()
      if (n % 5 === 0) db.snapshot()
      if (n % 100 === 0) global.gc()
    }
    await db.close()
  `,
    ['--expose-gc'],
  )
})

test('a database that is garbage frees its lock', () => {
  run(
    `
    await (async () => { const db = new Level(path); await db.put('a', 'b') })()
    const again = new Level(path, { lockTimeout: 10_000 })
    const collecting = setInterval(() => global.gc(), 20)
    await again.open()
    clearInterval(collecting)
    if ((await again.get('a')) !== 'b') throw new Error('lost')
    await again.close()
  `,
    ['--expose-gc'],
  )
})

test('worker.terminate with operations under way', () => {
  run(`
    const { Worker } = require('node:worker_threads')
    const code = \`
      const { LevelDBSigilAdapter } = require('sigil-vault')
      const { parentPort, workerData } = require('node:worker_threads')
      const store = new LevelDBSigilAdapter(workerData)
      const durability = 'sync'
      store.open().then(() => {
        for (let n = 0; n < 300; n++) {
          store.setSigilRecord('t', 's' + n, 'h', { n }, { durability })
          store.allSigilRecords('t')
          store.getSigilRecord('t', 's' + n, 'h')
        }
        parentPort.postMessage('busy')
      })
    \`
    for (let n = 0; n < times; n++) {
      const worker = new Worker(code, { eval: true, workerData: path })
      worker.on('error', (error) => { throw error })
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
    }
    const store = new LevelDBSigilAdapter(path)
    await store.countSigilRecords('t')
    await store.close()
    const level = new Level(path, { lockTimeout: 10_000 })
    await level.open()
    await level.close()
  `)
})

test('calls that are refused leave nothing behind', () => {
  run(`
    const store = new LevelDBSigilAdapter(path)
    for (let n = 0; n < times * 20; n++) {
      await store.setSigilRecord('a').catch(() => {})
      await store.getSigilRecord('', 's', 'h').catch(() => {})
    }
    await store.close()
  `)
})
