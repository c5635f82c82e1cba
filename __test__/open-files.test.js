// Guards what happens when the process has used up its file handles: errors say so, nothing that
// was acknowledged is lost, and the same open store goes on when handles are free again. In a
// process of its own, with a low limit.

const { spawnSync } = require('node:child_process')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { testWhere } = require('./support/where-possible.js')

const LIMIT = 96
const missing = process.platform === 'win32' ? 'needs a shell with ulimit' : undefined
const folder = mkdtempSync(join(tmpdir(), 'sigil-vault-handles-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs code with few file handles; `hoard()` takes all that are left, `release()` gives them back. */
function runWithFewHandles(code) {
  const prelude = `
    const { openSync, closeSync } = require('node:fs')
    const { setTimeout: delay } = require('node:timers/promises')
    const { LevelDBSigilAdapter } = require('sigil-vault')
    const path = ${JSON.stringify(join(folder, 'db'))}
    const options = { writeBufferSize: 64 << 10 }
    const hoarded = []
    const hoard = () => { for (;;) try { hoarded.push(openSync('/dev/null')) } catch { return } }
    const release = () => { for (const handle of hoarded.splice(0)) closeSync(handle) }
    const write = (store, n) => store.setSigilRecord('t', 's', 'h' + n, { n, text: 'x'.repeat(2000) })
    const told = ({ name, code, transient, errno, operation }) => ({ name, code, transient, errno, operation })
    const tell = (result) => process.stdout.write(JSON.stringify(result))
  `
  const script = `${prelude};(async () => {${code}})()`
  const command = `ulimit -n ${LIMIT} && exec "$0" --eval "$1"`
  const { status, signal, stdout, stderr } = spawnSync(
    'sh',
    ['-c', command, process.execPath, script],
    { cwd: join(__dirname, '..'), encoding: 'utf8', timeout: 60_000 },
  )
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

jest.setTimeout(120_000)

// The limit of a process's handles is set by a shell of Unix.
const testHere = testWhere(missing)

const tooManyFiles = (operation) => ({
  name: 'StorageError',
  code: 'EMFILE',
  transient: true,
  errno: 24,
  operation,
})

testHere('opening without a free handle is EMFILE, and works when there are some', () => {
  const result = runWithFewHandles(`
    const store = new LevelDBSigilAdapter(path, options)
    await write(store, 0)
    await store.close()
    hoard()
    const error = await store.open().then(() => undefined, (error) => error)
    const health = await store.getHealth()
    release()
    await store.open()
    const found = await store.getSigilRecord('t', 's', 'h0')
    await store.close()
    tell({ error: told(error), health: health.status, found: found.n })
  `)
  expect(result).toEqual({
    error: tooManyFiles('open'),
    health: 'unhealthy',
    found: 0,
  })
})

testHere('writing on without a free handle: typed, nothing lost, and over with its cause', () => {
  const result = runWithFewHandles(`
    const store = new LevelDBSigilAdapter(path, options)
    await store.open()
    hoard()
    const acknowledged = []
    let error
    for (let n = 0; n < 5000 && !error; n++) {
      await write(store, n).then(() => acknowledged.push(n), (thrown) => { error = thrown })
    }
    const readable = await store.getSigilRecord('t', 's', 'h0')
    release()
    for (let tries = 0; tries < 200; tries++) {
      const failed = await write(store, 9999).then(() => false, () => true)
      if (!failed) break
      await delay(50)
    }
    for (const n of acknowledged) {
      if ((await store.getSigilRecord('t', 's', 'h' + n))?.n !== n) throw new Error('lost ' + n)
    }
    const after = await store.getSigilRecord('t', 's', 'h9999')
    await store.close()
    const again = new LevelDBSigilAdapter(path, options)
    const count = await again.countSigilRecords('t')
    await again.close()
    tell({
      error: error && told(error),
      readable: readable.n,
      after: after?.n,
      missing: acknowledged.length + 1 - count,
      some: acknowledged.length > 10,
    })
  `)
  expect(result).toEqual({
    error: tooManyFiles('setSigilRecord'),
    readable: 0,
    after: 9999,
    missing: 0,
    some: true,
  })
})
