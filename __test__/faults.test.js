// Guards how a host hears of faults in the background: each is told with its error, to the callback
// and to the log; what those throw reaches nobody; and listening keeps nothing alive.

const { join } = require('node:path')
const { mkdirSync, rmdirSync, rmSync, writeFileSync } = require('node:fs')
const { randomBytes } = require('node:crypto')
const { LevelDBSigilAdapter, metrics, StorageError } = require('sigil-vault')
const { run } = require('./support/child.js')
const { scratchFolder } = require('./support/scratch.js')
const { testOnDisk } = require('./support/small-disk.js')

jest.setTimeout(120_000)

const scratch = scratchFolder()

function listener() {
  const said = []
  const note = (level) => (details, message) => {
    said.push({ level, message, ...details })
  }
  const logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  }
  return { said, logger }
}

async function until(condition) {
  for (const deadline = Date.now() + 10_000; !condition(); ) {
    if (Date.now() > deadline) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

testOnDisk('a disk that becomes full is told, and that it has room again', '8m', async (disk) => {
  const path = join(disk.path, 'db')
  const ballast = join(disk.path, 'ballast')
  // More than all the rest: whatever has piled up by then can be compacted when it is gone.
  writeFileSync(ballast, Buffer.alloc(5 << 20, 1))
  const faults = []
  const { said, logger } = listener()
  const store = new LevelDBSigilAdapter(path, {
    writeBufferSize: 256 << 10,
    onFault: (fault) => faults.push(fault),
    logger,
  })
  const full = () => Number(/^sigil_disk_full_error_total (\d+)$/m.exec(metrics())[1])
  const before = full()
  const text = randomBytes(7500).toString('base64')
  const write = () => store.setSigilRecord('t', 's', String(Math.random()), { text })
  await expect(
    (async () => {
      for (;;) await write()
    })(),
  ).rejects.toMatchObject({ code: 'ENOSPC' })
  await until(() => faults.some(({ kind }) => kind === 'reserve'))
  const fault = faults.find(({ kind }) => kind === 'reserve')
  expect(fault).toMatchObject({ times: expect.any(Number), path, error: { code: 'ENOSPC' } })
  expect(fault.error).toBeInstanceOf(StorageError)
  // One operation failed; what listeners are told is none.
  expect(full()).toBe(before + 1)
  expect(said).toContainEqual(expect.objectContaining({ level: 'error', code: 'ENOSPC', path }))
  rmSync(ballast)
  await until(() => said.some(({ message }) => message === 'the database works again'))
  let written = false
  const again = setInterval(
    () =>
      write().then(
        () => {
          written = true
        },
        () => {},
      ),
    50,
  )
  await until(() => written)
  clearInterval(again)
  await store.close()
  expect(said.at(0)).toMatchObject({ level: 'info', message: 'the database is open' })
  expect(said.at(-1)).toMatchObject({ level: 'info', message: 'the database closes' })
})

test('a background job that fails is told, with its error', async () => {
  const path = scratch('db')
  const faults = []
  const store = new LevelDBSigilAdapter(path, {
    writeBufferSize: 64 << 10,
    onFault: (fault) => faults.push(fault),
  })
  await store.setSigilRecord('a', 'b', {})
  // Where a folder has the name, no table can be made.
  const inTheWay = Array.from({ length: 100 }, (_, n) => `${String(n).padStart(6, '0')}.ldb`)
  for (const name of inTheWay) mkdirSync(join(path, name))
  const record = { text: 'x'.repeat(10_000) }
  for (let n = 0; n < 12; n++) await store.setSigilRecord('a', `b${n}`, record)
  await until(() => faults.length > 1)
  expect(faults[0]).toMatchObject({ kind: 'flush', times: expect.any(Number), path })
  expect(faults[0].error).toBeInstanceOf(StorageError)
  expect(faults[0].error.operation).toBe('flush')
  expect(faults[1].times).toBeGreaterThan(faults[0].times)
  for (const name of inTheWay) rmdirSync(join(path, name))
  expect(await store.countSigilRecords()).toBe(13)
  await store.close()
})

test('what a host throws stays with the host', async () => {
  const throwing = () => {
    throw new Error('of the host')
  }
  const rejecting = async () => throwing()
  const logger = { debug: throwing, info: throwing, warn: rejecting, error: rejecting }
  const store = new LevelDBSigilAdapter(scratch('db'), { logger, onFault: rejecting })
  await store.setSigilRecord('a', 'b', {})
  await store.close()
})

test('listeners that cannot be called are refused', () => {
  for (const options of [{ onFault: 'x' }, { logger: {} }, { logger: 'x' }]) {
    const make = () => new LevelDBSigilAdapter(scratch('db'), options)
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' }))
  }
})

test('listening keeps neither the process nor a forgotten store alive', () => {
  run(
    scratch('db'),
    `const silent = () => {}
    const logger = { debug: silent, info: silent, warn: silent, error: silent }
    await (async () => {
      const store = new LevelDBSigilAdapter(path, { logger, onFault: () => store.path })
      await store.setSigilRecord('a', 'b', {})
    })()
    const again = new Level(path, { lockTimeout: 10_000 })
    const collecting = setInterval(() => global.gc(), 20)
    await again.open()
    clearInterval(collecting)
    new LevelDBSigilAdapter(path + '2', { logger })`,
  )
})
