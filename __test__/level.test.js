// What abstract-level's own tests (`abstract-level/`) do not cover: locks, interchange with
// classic-level, read-only opening, and what is Level's own.

const { ClassicLevel } = require('classic-level')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { Level } = require('sigil-vault')

let folder
let path

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-level-'))
  path = join(folder, 'db')
})

afterEach(() => rmSync(folder, { recursive: true }))

test('a directory goes back and forth between classic-level and us', async () => {
  for (const [round, Class] of [ClassicLevel, Level, ClassicLevel, Level].entries()) {
    const db = new Class(path, { valueEncoding: 'json' })
    for (let before = 0; before < round; before++) {
      expect(await db.get(`key-${before}`)).toEqual({ round: before, text: '⟐'.repeat(100) })
    }
    await db.put(`key-${round}`, { round, text: '⟐'.repeat(100) })
    await db.compactRange('', '~')
    expect(await db.keys().all()).toHaveLength(round + 1)
    await db.close()
  }
})

test.each([
  ['classic-level', ClassicLevel, 'us', Level],
  ['us', Level, 'classic-level', ClassicLevel],
  ['us', Level, 'us', Level],
])('what %s holds open is locked for %s', async (_one, Holder, _other, Other) => {
  const holder = new Holder(path)
  await holder.put('a', 'b')
  const other = new Other(path)
  const error = await other.open().catch((thrown) => thrown)
  expect(error.code).toBe('LEVEL_DATABASE_NOT_OPEN')
  expect(error.cause.code).toBe('LEVEL_LOCKED')
  expect(error.cause.message).toMatch(/lock/i)
  await holder.close()
  await other.open()
  expect(await other.get('a')).toBe('b')
  await other.close()
})

test('a locked directory is waited for if that is asked for', async () => {
  const holder = new Level(path)
  await holder.open()
  setTimeout(() => holder.close(), 200)
  const other = new Level(path, { lockTimeout: 10_000 })
  await other.open()
  await other.close()
})

test('a read-only Level follows a writer', async () => {
  const writer = new Level(path)
  await writer.put('a', '1')
  const reader = new Level(path, { readOnly: true })
  expect(await reader.get('a')).toBe('1')
  await writer.put('a', '2')
  expect(await reader.get('a')).toBe('1')
  expect(await reader.refresh()).toBe(true)
  expect(await reader.get('a')).toBe('2')
  await expect(reader.put('a', '3')).rejects.toMatchObject({ code: 'LEVEL_READ_ONLY' })
  await reader.close()
  await writer.close()
})

test('durable writes in flight keep their order and all arrive', async () => {
  const db = new Level(path)
  const writes = Array.from({ length: 500 }, (_, n) =>
    db.put(`k${n % 50}`, String(n), { sync: n % 3 === 0 }),
  )
  await Promise.all(writes)
  for (let n = 450; n < 500; n++) expect(await db.get(`k${n % 50}`)).toBe(String(n))
  await db.close()
})

test('closing waits for what is under way', async () => {
  const db = new Level(path)
  await db.open()
  const writes = Array.from({ length: 100 }, (_, n) => db.put(`k${n}`, 'v', { sync: true }))
  await Promise.all([db.close(), Promise.allSettled(writes)])
  const again = new Level(path)
  expect((await again.keys().all()).length).toBe(100)
  await again.close()
})

test('properties, sizes and destroying', async () => {
  const db = new Level(path)
  await db.batch(
    Array.from({ length: 2000 }, (_, n) => ({ type: 'put', key: `k${n}`, value: 'x'.repeat(100) })),
  )
  await db.compactRange('k', 'l')
  expect(await db.approximateSize('k', 'l')).toBeGreaterThan(1000)
  expect(db.getProperty('leveldb.stats')).toContain('Level')
  expect(db.getProperty('nonsense')).toBe('')
  await db.close()
  await Level.destroy(path)
  await expect(new Level(path, { createIfMissing: false }).open()).rejects.toMatchObject({
    code: 'LEVEL_DATABASE_NOT_OPEN',
  })
})

test('a seek beyond the range of an iterator finds nothing, as in level', async () => {
  const [ours, theirs] = [
    new Level(join(folder, 'seek-ours')),
    new ClassicLevel(join(folder, 'seek-theirs')),
  ]
  const keys = [...'bdfhj']
  const found = async (level, range, targets) => {
    const iterator = level.keys(range)
    const answers = []
    for (const target of targets) {
      iterator.seek(target)
      answers.push(await iterator.nextv(10), await iterator.next())
    }
    await iterator.close()
    return answers
  }
  const fill = keys.map((key) => ({ type: 'put', key, value: key }))
  await Promise.all([ours.batch(fill), theirs.batch(fill)])
  const ranges = [
    {},
    { gte: 'd' },
    { gt: 'd' },
    { lte: 'h' },
    { lt: 'h' },
    { gt: 'c', lt: 'i' },
    { gte: 'f', lte: 'f' },
  ]
  for (const range of ranges) {
    for (const reverse of [false, true]) {
      for (const [one, other] of [...'abcdefghijk'].flatMap((a) =>
        [...'adfhk'].map((b) => [a, b]),
      )) {
        const options = { ...range, reverse }
        const expected = await found(theirs, options, [one, other])
        expect(await found(ours, options, [one, other])).toEqual(expected)
      }
    }
  }
  await Promise.all([ours.close(), theirs.close()])
})

test.each([2 ** 32, 2 ** 32 + 2, 2 ** 53, 1e300])('nextv(%d) gives what there is', async (size) => {
  const level = new Level(path)
  await level.batch([...'abc'].map((key) => ({ type: 'put', key, value: key })))
  const iterator = level.keys()
  expect(await iterator.nextv(size)).toEqual([...'abc'])
  expect(await iterator.nextv(size)).toEqual([])
  await iterator.close()
  await level.close()
})
