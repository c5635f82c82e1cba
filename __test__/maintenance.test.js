// Guards the statics of Level that work on a directory which nobody has open, and that Level
// announces what classic-level announces.

const { ClassicLevel } = require('classic-level')
const { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { Level } = require('sigil-vault')

let folder
let path

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-maintenance-'))
  path = join(folder, 'db')
})

afterEach(() => rmSync(folder, { recursive: true }))

test('Level announces all that classic-level announces, and catching up beside', async () => {
  const [ours, theirs] = [new Level(path), new ClassicLevel(join(folder, 'other'))]
  const { additionalMethods, ...features } = ours.supports
  const { additionalMethods: theirMethods, ...theirFeatures } = theirs.supports
  expect(features).toEqual(theirFeatures)
  expect(additionalMethods).toEqual({ ...theirMethods, refresh: true })
  const statics = Object.getOwnPropertyNames(ClassicLevel)
  expect(Object.getOwnPropertyNames(Level)).toEqual(expect.arrayContaining(statics))
  for (const name of Object.getOwnPropertyNames(ClassicLevel.prototype)) {
    expect(typeof ours[name]).toBe(typeof theirs[name])
  }
  await Promise.all([ours.close(), theirs.close()])
})

test('what lost its manifest and a block is repaired, with a report', async () => {
  const db = new Level(path)
  const entries = Array.from({ length: 2000 }, (_, n) => [`key-${n}`, `value-${n}`.repeat(20)])
  await db.batch(entries.map(([key, value]) => ({ type: 'put', key, value })))
  await db.compactRange('', '~')
  await db.put('later', 'in the log')
  await db.close()
  rmSync(join(path, 'CURRENT'))
  const [table] = readdirSync(path).filter((name) => name.endsWith('.ldb'))
  const bytes = readFileSync(join(path, table))
  bytes[100] ^= 0xff
  writeFileSync(join(path, table), bytes)

  const report = await Level.repair(path)
  expect(report).toMatchObject({ wholeTables: 0, salvagedTables: 1, lostTables: 0 })
  expect(report.entries).toBeGreaterThan(1000)
  expect(report.damages).toContainEqual({
    path: expect.stringContaining(table),
    offset: expect.any(Number),
    bytes: expect.any(Number),
    reason: expect.any(String),
  })
  expect(report.kept.length).toBeGreaterThan(0)

  for (const Class of [Level, ClassicLevel]) {
    const repaired = new Class(path, { createIfMissing: false, paranoidChecks: true })
    expect(await repaired.get('later')).toBe('in the log')
    const found = await repaired.iterator().all()
    expect(found.length).toBe(report.entries)
    const written = new Map([...entries, ['later', 'in the log']])
    for (const [key, value] of found) expect(written.get(key)).toBe(value)
    await repaired.close()
  }
})

test('repairing what is whole changes nothing', async () => {
  const db = new ClassicLevel(path)
  await db.batch(Array.from({ length: 100 }, (_, n) => ({ type: 'put', key: `${n}`, value: 'v' })))
  await db.close()
  expect(await Level.repair(path)).toMatchObject({ damages: [], kept: [], lostTables: 0 })
  const again = new Level(path)
  expect((await again.keys().all()).length).toBe(100)
  await again.close()
})

test('neither works on a directory that is open, and both need a location', async () => {
  const db = new Level(path)
  await db.open()
  for (const operation of ['repair', 'destroy']) {
    await expect(Level[operation](path)).rejects.toMatchObject({ code: 'LEVEL_LOCKED', operation })
    await expect(Level[operation]('')).rejects.toThrow("'location' must be a non-empty string")
    await expect(Level[operation]()).rejects.toThrow("'location' must be a non-empty string")
  }
  await db.close()
  await expect(Level.repair(join(folder, 'none'))).rejects.toMatchObject({ operation: 'repair' })
  await Level.destroy(join(folder, 'none'))
})
