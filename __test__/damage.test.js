// Guards what is told of a damaged directory, and what is left of it: the error has the file and the
// place, for `Level` and for stores alike; what is not damaged is read as before; and a repair makes
// a directory that opens out of all but the damage.

const { readFileSync, readdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const COUNT = 2000
const scratch = scratchFolder()

const hash = (n) => String(n).padStart(5, '0')
const recordOf = (n) => ({ n, text: `${n}/`.repeat(60) })

/** A directory with one table, which has every record, and nothing beside it. */
async function directoryWithRecords() {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path, { compression: 'none' })
  await Promise.all(
    Array.from({ length: COUNT }, (_, n) => store.setSigilRecord('t', 's', hash(n), recordOf(n))),
  )
  await store.compact()
  await store.close()
  return path
}

/** Changes one byte of the file with such a name; gives the file's path. */
function damage(directory, pattern, at) {
  const names = readdirSync(directory).filter((name) => pattern.test(name))
  expect(names).toHaveLength(1)
  const file = join(directory, names[0])
  const bytes = readFileSync(file)
  bytes[at(bytes.length)] ^= 0x20
  writeFileSync(file, bytes)
  return file
}

/** What is to be said of a damage: where in which file, and whether somebody had asked for it. */
function corruptionIn(path, operation) {
  return {
    name: 'StorageError',
    code: 'LEVEL_CORRUPTION',
    path,
    offset: expect.any(Number),
    operation,
    transient: false,
    notFound: false,
  }
}

/** Every record by its own call: what was read, and the errors. */
async function readEach(get) {
  const found = new Set()
  const errors = []
  for (let n = 0; n < COUNT; n++) {
    try {
      const record = await get(n)
      expect(record).toMatchObject(recordOf(n))
      found.add(n)
    } catch (error) {
      if (error.code === undefined) throw error
      errors.push(error)
    }
  }
  return { found, errors }
}

test('a byte of a table: those who need it hear where it is, all others read on', async () => {
  const path = await directoryWithRecords()
  const half = (length) => length >> 1
  const file = damage(path, /\.ldb$/, half)
  const size = readFileSync(file).length

  const store = new LevelDBSigilAdapter(path)
  const { found, errors } = await readEach((n) => store.getSigilRecord('t', 's', hash(n)))
  expect(errors.length).toBeGreaterThan(0)
  // A block, of a few kilobytes, is what is lost.
  expect(found.size).toBeGreaterThan(COUNT * 0.98)
  for (const error of errors) {
    expect(error).toMatchObject(corruptionIn(file, 'getSigilRecord'))
    expect(error.offset).toBeLessThanOrEqual(half(size))
    expect(error.offset).toBeGreaterThan(half(size) - 10_000)
  }
  await expect(store.allSigilRecords('t')).rejects.toMatchObject(
    corruptionIn(file, 'allSigilRecords'),
  )
  // What cannot be read can be written again.
  const lost = Array.from({ length: COUNT }, (_, n) => n).filter((n) => !found.has(n))
  await store.setSigilRecord('t', 's', hash(lost[0]), recordOf(lost[0]))
  expect(await store.getSigilRecord('t', 's', hash(lost[0]))).toMatchObject(recordOf(lost[0]))
  await store.close()

  const level = new Level(path, { valueEncoding: 'json' })
  const read = await readEach((n) => level.get(`t!sigil!s!${hash(n)}`))
  expect(read.found).toEqual(new Set([...found, lost[0]]))
  for (const error of read.errors) expect(error).toMatchObject(corruptionIn(file, 'get'))
  await expect(level.values().all()).rejects.toMatchObject({ code: 'LEVEL_CORRUPTION', path: file })
  await level.close()

  const report = await Level.repair(path)
  expect(report.damages).toContainEqual(expect.objectContaining({ path: file }))
  const repaired = new LevelDBSigilAdapter(path, { paranoidChecks: true })
  const records = await repaired.allSigilRecords('t')
  expect(new Set(records.map(({ n }) => n))).toEqual(read.found)
  await repaired.close()
})

test('a byte of the manifest: opening says so, and a repair brings everything', async () => {
  const path = await directoryWithRecords()
  // In the first record, whose header has seven bytes.
  const file = damage(path, /^MANIFEST-/, () => 10)

  const level = new Level(path)
  const error = await level.open().catch((thrown) => thrown)
  expect(error.code).toBe('LEVEL_DATABASE_NOT_OPEN')
  expect(error.cause).toMatchObject(corruptionIn(file, 'open'))

  const store = new LevelDBSigilAdapter(path)
  await expect(store.getSigilRecord('t', 's', hash(0))).rejects.toMatchObject({
    ...corruptionIn(file, 'getSigilRecord'),
    cause: { code: 'LEVEL_CORRUPTION' },
  })
  expect(await store.getHealth()).toMatchObject({
    status: 'unhealthy',
    details: { code: 'LEVEL_CORRUPTION' },
  })
  await expect(store.open()).rejects.toMatchObject(corruptionIn(file, 'open'))
  await store.close()

  // Those who tried have left nothing behind that would make it worse, and hold no lock.
  const report = await Level.repair(path)
  expect(report.damages).toContainEqual(expect.objectContaining({ path: file }))
  expect(report).toMatchObject({ wholeTables: 1, salvagedTables: 0, lostTables: 0 })
  const repaired = new LevelDBSigilAdapter(path, { paranoidChecks: true })
  const { found } = await readEach((n) => repaired.getSigilRecord('t', 's', hash(n)))
  expect(found.size).toBe(COUNT)
  await repaired.close()
})
