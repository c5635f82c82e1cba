// Guards how a directory is kept from other processes: who comes second is told at once, with the
// process that has it, or waits for as long as it wants to; and no lock outlives its holder.

const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { FarProcess } = require('./support/far-process.js')
const { scratchFolder } = require('./support/scratch.js')

jest.setTimeout(60_000)

const started = []

/** A process with a store on a directory, which has it open. */
async function holderOf(path) {
  const holder = new FarProcess('LevelDBSigilAdapter', path)
  started.push(holder)
  await holder.call('open')
  return holder
}

// Ended before their folder goes, in this order.
afterEach(() => Promise.all(started.splice(0).map((one) => one.kill())))
const scratch = scratchFolder()

/** What is said of a directory that a process has; Windows does not tell which. */
function lockedBy(pid) {
  const locked = { name: 'StorageError', code: 'LEVEL_LOCKED', transient: true }
  return process.platform === 'win32' ? locked : { ...locked, holder: pid }
}

test('what another process holds is locked at once, and its pid is told', async () => {
  const path = scratch('db')
  const holder = await holderOf(path)

  const store = new LevelDBSigilAdapter(path)
  const error = await store.setSigilRecord('a', 'b', { x: 1 }).catch((thrown) => thrown)
  expect(error).toMatchObject({
    ...lockedBy(holder.pid),
    operation: 'setSigilRecord',
    path: expect.stringContaining(path),
  })
  expect(error.message).toContain('LOCK')
  await store.close()

  const level = new Level(path)
  const refused = await level.open().catch((thrown) => thrown)
  expect(refused).toMatchObject({
    code: 'LEVEL_DATABASE_NOT_OPEN',
    cause: { ...lockedBy(holder.pid), operation: 'open' },
  })
  await expect(Level.repair(path)).rejects.toMatchObject(lockedBy(holder.pid))
  await expect(Level.destroy(path)).rejects.toMatchObject(lockedBy(holder.pid))

  // Nobody who was refused has done it any harm.
  await holder.call('setSigilRecord', 'a', 'b', { x: 2 })
  expect(await holder.call('getSigilRecord', 'a', 'b')).toEqual({ x: 2 })
})

test('what we hold is locked for another process, which is told our pid', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  await store.setSigilRecord('a', 'b', { x: 1 })
  const other = new FarProcess('LevelDBSigilAdapter', path)
  started.push(other)
  const { name, transient, ...locked } = lockedBy(process.pid)
  await expect(other.call('getSigilRecord', 'a', 'b')).rejects.toMatchObject(locked)
  // The first `open()` tells of the opening that failed, the next one tries again.
  await expect(other.call('open')).rejects.toMatchObject(locked)
  await store.close()
  await other.call('open')
  expect(await other.call('getSigilRecord', 'a', 'b')).toEqual({ x: 1 })
})

test('the lock of a process that was killed is free, with all that it acknowledged', async () => {
  const path = scratch('db')
  const holder = await holderOf(path)
  for (let n = 0; n < 100; n++) await holder.call('setSigilRecord', 'a', `h${n}`, { n })
  await holder.kill()
  const store = new LevelDBSigilAdapter(path)
  expect(await store.countSigilRecords()).toBe(100)
  await store.close()
})

test.each([
  ['closes', (holder) => holder.call('close')],
  ['is killed', (holder) => holder.kill()],
])('with lockTimeout a directory is waited for until its holder %s', async (_how, letGo) => {
  const path = scratch('db')
  const holder = await holderOf(path)
  const store = new LevelDBSigilAdapter(path, { lockTimeout: 50_000 })
  let opened = false
  const opening = store.open().then(() => {
    opened = true
  })
  for (let n = 0; n < 50; n++) await holder.call('setSigilRecord', 'a', `h${n}`, { n })
  expect(opened).toBe(false)
  await letGo(holder)
  await opening
  expect(await store.countSigilRecords()).toBe(50)
  await store.close()
})

test('lockTimeout ends, and then it is locked', async () => {
  const path = scratch('db')
  const holder = await holderOf(path)
  const since = Date.now()
  const store = new LevelDBSigilAdapter(path, { lockTimeout: 300 })
  await expect(store.open()).rejects.toMatchObject(lockedBy(holder.pid))
  expect(Date.now() - since).toBeGreaterThanOrEqual(300)
  await store.close()
})
