// Guards reads that memory cannot answer, which are gathered and answered together, on the spot or on
// the pool: each caller gets its own value or its own error, as it was when the call was made, however
// many others call and write meanwhile.

const { readFileSync, readdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { callNative } = require('../lib/native.js')
const { scratchFolder } = require('./support/scratch.js')

const COUNT = 3000
const scratch = scratchFolder()
/** Nothing that was read from a table is in memory. */
const FORGETFUL = { cacheSize: 0, compression: 'none' }

const keyOf = (n) => `key-${String(n).padStart(5, '0')}`
const textOf = (n) => `${n}/`.repeat(40)

/** A directory whose values are in tables, and nothing beside them. */
async function filled() {
  const path = scratch('db')
  const level = new Level(path, FORGETFUL)
  await level.batch(
    Array.from({ length: COUNT }, (_, n) => ({ type: 'put', key: keyOf(n), value: textOf(n) })),
  )
  await level.compactRange(keyOf(0), keyOf(COUNT))
  await level.close()
  return path
}

test.each([1, 2, 15, 16, 17, 33, 500])('%i at a time', async (width) => {
  const level = new Level(await filled(), FORGETFUL)
  let next = 0
  const one = async () => {
    while (next < 1000) {
      const n = (next++ * 7919) % (COUNT + 100)
      const expected = n < COUNT ? textOf(n) : undefined
      expect(await level.get(keyOf(n))).toBe(expected)
    }
  }
  await Promise.all(Array.from({ length: width }, one))
  await level.close()
})

test('texts, bytes and records in one go', async () => {
  const store = new LevelDBSigilAdapter(scratch('records'), FORGETFUL)
  await store.open()
  await store.setSigilRecord('t', 's', 'a!b', { n: 1 })
  await store.setSigilRecord('s', 'h', { n: 2 })
  await store.db.put('key', 'text')
  await store.compact()
  const rounds = Array.from({ length: 40 }, () => [
    store.getSigilRecord('t', 's', 'a!b').then(({ n }) => n),
    store.db.get('key'),
    store.getSigilRecord('s', 'h'),
    store.db.get('key', { valueEncoding: 'buffer' }),
    store.existsSigilRecord('s', 'nobody'),
    store.getSigilRecord('t', 'nobody', 'h'),
  ])
  for (const answers of await Promise.all(rounds.map((round) => Promise.all(round)))) {
    expect(answers).toEqual([1, 'text', { n: 2 }, Buffer.from('text'), false, undefined])
  }
  await store.close()
})

test('what is written in the same go is seen by those that ask after it, and by no others', async () => {
  const level = new Level(await filled(), FORGETFUL)
  const large = 'x'.repeat(300_000)
  for (let round = 0; round < 60; round++) {
    const [key, other] = [keyOf(round), keyOf(round + 1000)]
    const answers = [level.get(key), level.get(other)]
    // Reads of others, so many that some are on the pool.
    const others = Array.from({ length: round }, (_, n) => level.get(keyOf(n + 2000)))
    const written = [
      level.put(key, 'new', { sync: round % 5 === 4 }),
      // So large that it is committed at once.
      level.put(other, large),
    ]
    expect(await Promise.all(answers)).toEqual([textOf(round), textOf(round + 1000)])
    expect(await Promise.all(others)).toEqual(others.map((_, n) => textOf(n + 2000)))
    await Promise.all(written)
    expect(await Promise.all([level.get(key), level.get(other)])).toEqual(['new', large])
  }
  await level.close()
})

test.each([1, 3, 40])('%i reads do not see the clearing that follows them', async (count) => {
  const level = new Level(await filled(), FORGETFUL)
  const answers = Array.from({ length: count }, (_, n) => level.get(keyOf(n)))
  const cleared = level.clear()
  expect(await Promise.all(answers)).toEqual(answers.map((_, n) => textOf(n)))
  await cleared
  expect(await level.get(keyOf(0))).toBeUndefined()
  await level.close()
})

test.each([1, 10, 200])('of %i at a time those fail whose block is damaged', async (width) => {
  const path = await filled()
  const [name] = readdirSync(path).filter((file) => file.endsWith('.ldb'))
  const bytes = readFileSync(join(path, name))
  const damaged = bytes.indexOf(textOf(1500))
  bytes[damaged] ^= 0x20
  writeFileSync(join(path, name), bytes)
  const level = new Level(path, FORGETFUL)
  let failed = 0
  for (let n = 0; n < COUNT; n += width) {
    const numbers = Array.from({ length: width }, (_, index) => n + index)
    const gets = numbers.map((number) => level.get(keyOf(number)))
    for (const [index, { value, reason }] of (await Promise.allSettled(gets)).entries()) {
      if (reason === undefined) {
        expect(value).toBe(textOf(n + index))
      } else {
        expect(reason).toMatchObject({ code: 'LEVEL_CORRUPTION', operation: 'get' })
        expect(Math.abs(n + index - 1500)).toBeLessThan(100)
        failed += 1
      }
    }
  }
  expect(failed).toBeGreaterThan(0)
  await level.close()
})

test('closing waits for reads that are under way', async () => {
  const path = await filled()
  for (const count of [1, 15, 100]) {
    const store = new Level(path, FORGETFUL)
    await store.open()
    const gets = Array.from({ length: count }, (_, n) => store.get(keyOf(n)))
    const closed = store.close()
    expect(await Promise.all(gets)).toEqual(Array.from({ length: count }, (_, n) => textOf(n)))
    await closed
    await expect(store.get(keyOf(1))).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
  }
})

test('large values do not keep the thread, and come all the same', async () => {
  const level = new Level(scratch('large'), FORGETFUL)
  const texts = Array.from({ length: 15 }, (_, n) => String(n).repeat(100_000))
  await level.batch(texts.map((value, n) => ({ type: 'put', key: keyOf(n), value })))
  await level.compactRange(keyOf(0), keyOf(99))
  const addon = callNative('test', (native) => native)
  const here = jest.spyOn(addon, 'tryAnswerGathered')
  const isHere = () => here.mock.results.at(-1).value !== null
  // The first one opens the table.
  for (let n = 0; n < 2; n++) expect((await level.get(keyOf(n))) === texts[n]).toBe(true)
  expect(isHere()).toBe(true)
  const all = await Promise.all(texts.map((_, n) => level.get(keyOf(n))))
  expect(all.map((value, n) => value === texts[n])).toEqual(texts.map(() => true))
  expect(isHere()).toBe(false)
  here.mockRestore()
  await level.close()
})
