// Guards what the store promises of a disk that is really full: errors say so, everything that was
// acknowledged is there and can be read, what makes room works, and the same open store writes
// again once there is room. And of a file system that is mounted read-only.

const { randomBytes } = require('node:crypto')
const { rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { LevelDBSigilAdapter, metrics } = require('sigil-vault')
const { testOnDisk } = require('./support/small-disk.js')

jest.setTimeout(120_000)

const BALLAST = 4 << 20
const options = { writeBufferSize: 256 << 10, reserveSize: 1 << 20 }
const text = randomBytes(7500).toString('base64')

/** Writes records until one is refused; gives the error and the hashes that were acknowledged. */
async function fill(store, from = 0) {
  const written = []
  for (let n = from; n < from + 5000; n++) {
    try {
      await store.setSigilRecord('t', 's', `h${n}`, { n, text: text + Math.random() })
      written.push(n)
    } catch (error) {
      return { written, error }
    }
  }
  throw new Error('the disk did not become full')
}

/** How often the metrics say that a disk was full, by either name. */
function timesFull() {
  const text = metrics()
  const countOf = (pattern) => Number(pattern.exec(text)?.[1] ?? 0)
  return {
    disk: countOf(/^sigil_disk_full_error_total (\d+)$/m),
    errors: countOf(/^sigil_error_total\{code="ENOSPC"\} (\d+)$/m),
  }
}

async function expectAll(store, numbers) {
  for (const n of numbers)
    expect(await store.getSigilRecord('t', 's', `h${n}`)).toMatchObject({ n })
}

async function eventually(body) {
  for (const deadline = Date.now() + 15_000; ; ) {
    try {
      return await body()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** A disk that is full but for what a test gives back by removing the ballast. */
async function filled(disk) {
  const ballast = join(disk.path, 'ballast')
  writeFileSync(ballast, Buffer.alloc(BALLAST, 1))
  const store = new LevelDBSigilAdapter(join(disk.path, 'db'), options)
  const { written, error } = await fill(store)
  // What was under way when the disk became full may make a little room once more.
  for (let calm = 0; calm < 10; calm++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const more = await fill(store, written.length)
    if (more.written.length > 0) calm = 0
    written.push(...more.written)
  }
  return { store, ballast, written, error }
}

testOnDisk(
  'a full disk is a typed error; the same store reads on, and recovers',
  '10m',
  async (disk) => {
    const before = timesFull()
    const { store, ballast, written, error } = await filled(disk)
    const after = timesFull()
    expect(after.disk).toBeGreaterThan(before.disk)
    expect(after.errors).toBeGreaterThan(before.errors)
    expect(written.length).toBeGreaterThan(50)
    expect(error).toMatchObject({
      name: 'StorageError',
      code: 'ENOSPC',
      transient: true,
      notFound: false,
      operation: 'setSigilRecord',
      path: expect.stringContaining('db'),
      errno: 28,
    })
    await expect(store.setSigilRecord('a', 'b', { text })).rejects.toMatchObject({ code: 'ENOSPC' })
    await expect(
      store.setSigilRecord('t', 's', 'durable', { text }, { durability: 'sync' }),
    ).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(timesFull().disk).toBeGreaterThanOrEqual(after.disk + 2)
    expect((await store.getHealth()).status).toBe('degraded')
    expect((await store.stats()).outOfSpace).toBe(true)
    await expectAll(store, written)
    expect(await store.countSigilRecords('t')).toBe(written.length)

    rmSync(ballast)
    await eventually(() => store.setSigilRecord('t', 's', 'after', { n: -1 }))
    expect((await store.getHealth()).status).toBe('healthy')
    await expectAll(store, written)
    await store.close()

    const again = new LevelDBSigilAdapter(join(disk.path, 'db'), options)
    await expectAll(again, written)
    expect(await again.getSigilRecord('t', 's', 'after')).toMatchObject({ n: -1 })
    await again.close()
  },
)

testOnDisk(
  'deleting and compacting make room on a full disk, and writing goes on',
  '10m',
  async (disk) => {
    const { store, written } = await filled(disk)
    const kept = written.slice(0, 20)
    for (const n of written.slice(20)) await store.deleteSigilRecord('t', 's', `h${n}`)
    await store.compact()
    await expectAll(store, kept)
    await eventually(() => store.setSigilRecord('t', 's', 'after', { n: -1, text }))
    expect(await store.countSigilRecords('t')).toBe(kept.length + 1)
    await store.close()
  },
)

testOnDisk(
  'with defaults, a store that filled its disk writes again when half of it was deleted',
  '48m',
  async (disk) => {
    const store = new LevelDBSigilAdapter(join(disk.path, 'db'))
    const { written, error } = await fill(store)
    expect(error.code).toBe('ENOSPC')
    const kept = written.filter((n) => n % 2 === 0)
    for (const n of written.filter((n) => n % 2 === 1))
      await store.deleteSigilRecord('t', 's', `h${n}`)
    await eventually(() => store.compact())
    await eventually(() => store.setSigilRecord('t', 's', 'after', { n: -1, text }))
    expect(await store.countSigilRecords('t')).toBe(kept.length + 1)
    await expectAll(store, kept)
    await store.close()
  },
)

testOnDisk(
  'a store closes on a full disk, and opens on it with all that it has',
  '10m',
  async (disk) => {
    const { store, written } = await filled(disk)
    await store.close()
    const again = new LevelDBSigilAdapter(join(disk.path, 'db'), options)
    await expectAll(again, written)
    await again.close()
  },
)

testOnDisk(
  'writes in flight when the disk fills: each is there or was refused',
  '10m',
  async (disk) => {
    const store = new LevelDBSigilAdapter(join(disk.path, 'db'), options)
    const write = (n) => {
      const durability = n % 2 === 0 ? 'sync' : 'process'
      return store.setSigilRecord('t', 's', `h${n}`, { n, text: text + n }, { durability })
    }
    const results = await Promise.allSettled(Array.from({ length: 1500 }, (_, n) => write(n)))
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ reason }) => reason.code))).toEqual(new Set(['ENOSPC']))
    await store.close()
    const again = new LevelDBSigilAdapter(join(disk.path, 'db'), options)
    await expectAll(
      again,
      [...results.keys()].filter((n) => results[n].status === 'fulfilled'),
    )
    await again.close()
  },
)

testOnDisk(
  'a directory on a read-only mount reads, and refuses to be opened for writing',
  '10m',
  async (disk) => {
    const path = join(disk.path, 'db')
    const writer = new LevelDBSigilAdapter(path)
    await writer.setSigilRecord('a', 'b', { x: 1 })
    await writer.close()
    disk.makeReadOnly()
    const reader = new LevelDBSigilAdapter(path, { readOnly: true })
    expect(await reader.getSigilRecord('a', 'b')).toEqual({ x: 1 })
    await expect(reader.setSigilRecord('a', 'b', {})).rejects.toMatchObject({
      code: 'LEVEL_READ_ONLY',
    })
    await reader.close()
    for (const directory of [path, join(disk.path, 'new')]) {
      const refused = new LevelDBSigilAdapter(directory)
      await expect(refused.setSigilRecord('a', 'b', {})).rejects.toMatchObject({
        name: 'StorageError',
        code: 'EROFS',
        transient: false,
        operation: 'setSigilRecord',
        path: expect.stringContaining(directory),
        cause: { code: 'EROFS' },
      })
      await refused.close()
    }
  },
)
