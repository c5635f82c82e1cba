// The service on a directory, as it is run: what it has acknowledged survives it, a full disk is told
// and left behind, a directory that somebody else has keeps it from starting.

const { randomBytes } = require('node:crypto')
const { existsSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { LevelDBSigilAdapter } = require('sigil-vault')
const { createServer } = require('sigil-vault/server')
const { scratchFolder } = require('../support/scratch.js')
const { testOnDisk } = require('../support/small-disk.js')
const { addressOf, mint, start } = require('./service.js')

jest.setTimeout(120_000)

const started = []
let app

/** The service on a directory; the default backend, so that is not said. */
function startOn(path, options) {
  const env = { SIGIL_STORAGE_BACKEND: undefined, SIGIL_DB_PATH: path }
  const service = start(env, options)
  started.push(service)
  return service
}

// Ended before their folder goes, in this order.
afterEach(async () => {
  await app?.close()
  for (const { child } of started) child.kill('SIGKILL')
  await Promise.all(started.splice(0).map(({ ended }) => ended))
})

const scratch = scratchFolder()

async function kill({ child, ended }) {
  child.kill('SIGKILL')
  expect((await ended).signal).toBe('SIGKILL')
}

/** All sigils that the service lists, by their ids. */
async function listed(base) {
  const { sigils, total } = await (await fetch(`${base}/sigils`)).json()
  expect(sigils).toHaveLength(total)
  return new Map(sigils.map((sigil) => [sigil.id, sigil]))
}

test('what was minted is there after the service was killed, newest first', async () => {
  const path = scratch('db')
  const service = startOn(path)
  const base = await addressOf(service)
  const minted = new Map()
  const mintOne = async (n) => {
    const { success, sigil } = await (await mint(base, { n, name: '⟐' })).json()
    expect({ success, n: sigil.n }).toEqual({ success: true, n })
    minted.set(sigil.id, sigil)
  }
  for (let n = 0; n < 20; n++) await mintOne(n)
  await Promise.all(Array.from({ length: 100 }, (_, n) => mintOne(20 + n)))
  await kill(service)

  const again = startOn(path)
  const address = await addressOf(again)
  const ready = await fetch(`${address}/readyz`)
  expect(ready.status).toBe(200)
  const text = await ready.text()
  expect(text).not.toContain(path)
  expect(JSON.parse(text)).toMatchObject({ status: 'healthy', details: { backend: 'leveldb' } })
  const found = await listed(address)
  expect(found).toEqual(minted)
  const times = [...found.values()].map(({ timestamp }) => timestamp)
  expect(times).toEqual([...times].sort().reverse())
  expect((await mint(address, {})).status).toBe(200)
  const answer = await fetch(`${address}/api/consciousness/sigils`)
  expect(await answer.json()).toMatchObject({ total: 121, currentIdentity: null })

  // What a service leaves when it is told to stop, any program reads.
  again.child.kill('SIGTERM')
  expect((await again.ended).code).toBe(0)
  const store = new LevelDBSigilAdapter(path)
  expect(await store.countSigilRecords()).toBe(121)
  await store.close()
})

test('without SIGIL_DB_PATH the directory is sigil-leveldb, where it is started', async () => {
  const cwd = scratch('')
  const service = startOn(undefined, { cwd })
  expect((await mint(await addressOf(service), {})).status).toBe(200)
  expect(existsSync(join(cwd, 'sigil-leveldb', 'CURRENT'))).toBe(true)
})

test('a directory that another process has keeps it from starting, and it says so', async () => {
  const path = scratch('db')
  const first = startOn(path)
  const base = await addressOf(first)
  const { code, stderr } = await startOn(path).ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/^LEVEL_LOCKED: .*LOCK.*: SIGIL_DB_PATH says/)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect((await mint(base, {})).status).toBe(200)
})

test('a store that is open for reading answers 503, and lists', async () => {
  const path = scratch('db')
  const writer = new LevelDBSigilAdapter(path)
  const sigil = { id: 'a', timestamp: '2024-01-01T00:00:00.000Z' }
  await writer.setSigilRecord(sigil.id, sigil.timestamp, sigil)
  await writer.close()
  app = await createServer({ store: new LevelDBSigilAdapter(path, { readOnly: true }) })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await mint(base, {})
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({
    success: false,
    error: { code: 'LEVEL_READ_ONLY', message: expect.any(String) },
  })
  expect(await listed(base)).toEqual(new Map([['a', sigil]]))
})

testOnDisk('a full disk answers 507, and mints again when there is room', '32m', async (disk) => {
  const ballast = join(disk.path, 'ballast')
  writeFileSync(ballast, Buffer.alloc(16 << 20, 1))
  const path = join(disk.path, 'db')
  const service = startOn(path)
  const base = await addressOf(service)
  const minted = new Set()
  const mintOne = async () => {
    const answer = await mint(base, { text: randomBytes(150_000).toString('base64') })
    if (answer.status === 200) minted.add((await answer.json()).sigil.id)
    return answer
  }

  let answer
  do answer = await mintOne()
  while (answer.status === 200)
  expect(answer.status).toBe(507)
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('retry-after')).toBe('5')
  const body = await answer.json()
  expect(body).toEqual({ success: false, error: { code: 'ENOSPC', message: expect.any(String) } })
  expect(body.error.message).not.toContain(disk.path)
  expect(minted.size).toBeGreaterThan(10)
  expect(new Set((await listed(base)).keys())).toEqual(minted)
  expect(await (await fetch(`${base}/metrics`)).text()).toMatch(
    /^sigil_disk_full_error_total [1-9]/m,
  )

  rmSync(ballast)
  for (const before = minted.size; minted.size === before; await delay(50)) await mintOne()
  expect((await fetch(`${base}/readyz`)).status).toBe(200)
  await kill(service)
  expect(new Set((await listed(await addressOf(startOn(path)))).keys())).toEqual(minted)
  await kill(started.at(-1))
})
