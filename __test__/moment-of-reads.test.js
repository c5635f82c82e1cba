// Guards the moment of a read: it is that of the call. A write that is called for later is not seen,
// however many reads are under way, and what has ended holds nothing of an old moment.

const { once } = require('node:events')
const { readdirSync, statSync } = require('node:fs')
const { join } = require('node:path')
const { Worker } = require('node:worker_threads')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()

/** As many as take a turn of the event loop, and a good deal more. */
const MANY = 20_000

const repeat = (call) => Array.from({ length: MANY }, call)

test('gets of a Level do not see the put that follows them', async () => {
  const level = new Level(scratch('level'))
  await level.put('key', 'old')
  const found = repeat(() => level.get('key'))
  const there = repeat(() => level.has('key'))
  const put = level.put('key', 'new')
  expect(new Set(await Promise.all(found))).toEqual(new Set(['old']))
  await put
  const deleted = [...there, ...repeat(() => level.has('key')), level.del('key')]
  const answers = await Promise.all(deleted.slice(0, -1))
  expect(new Set(answers)).toEqual(new Set([true]))
  await deleted.at(-1)
  expect(await level.has('key')).toBe(false)
  await level.close()
})

test('reads of records do not see the deletion that follows them', async () => {
  const store = new LevelDBSigilAdapter(scratch('records'))
  await store.setSigilRecord('s', 'h', { n: 1 })
  const found = repeat(() => store.getSigilRecord('s', 'h'))
  const deleted = store.deleteSigilRecord('s', 'h')
  const after = repeat(() => store.getSigilRecord('s', 'h'))
  expect((await Promise.all(found)).every((record) => record?.n === 1)).toBe(true)
  await deleted
  expect((await Promise.all(after)).every((record) => record === undefined)).toBe(true)
  await store.close()
})

test.each([2, 40])(
  'many records are read at one moment, while a worker writes %i',
  async (count) => {
    const path = scratch('records')
    const store = new LevelDBSigilAdapter(path)
    const code = `
    const { LevelDBSigilAdapter } = require(${JSON.stringify(join(__dirname, '..'))})
    const { parentPort, workerData } = require('node:worker_threads')
    const store = new LevelDBSigilAdapter(workerData.path)
    const entriesOf = (n) => Array.from({ length: workerData.count }, (_, index) => ({
      ...{ type: 'put', tenantId: 't', sigilId: 's' + index, authHash: 'h' },
      record: { n },
    }))
    const write = async () => {
      for (let n = 0; ; n++) {
        await store.batch(entriesOf(n))
        if (n === 0) parentPort.postMessage('there')
      }
    }
    write()`
    const worker = new Worker(code, { eval: true, workerData: { path, count } })
    await once(worker, 'message')
    const names = Array.from({ length: count }, (_, index) => ['t', `s${index}`, 'h'])
    const end = Date.now() + 1500
    let moments = 0
    while (Date.now() < end) {
      const numbers = new Set((await store.getMany(names)).map(({ n }) => n))
      expect(numbers.size).toBe(1)
      moments += 1
    }
    expect(moments).toBeGreaterThan(10)
    await worker.terminate()
    await store.close()
  },
)

test('a listing that has ended, or was left, keeps nothing of what is overwritten', async () => {
  const path = scratch('listings')
  const store = new LevelDBSigilAdapter(path)
  const text = 'x'.repeat(500)
  const fill = async (round) => {
    const entries = Array.from({ length: 3000 }, (_, n) => ({
      type: 'put',
      ...{ tenantId: 't', sigilId: `s${n}`, authHash: 'h' },
      record: { text: `${round}-${Math.random()}-${text}` },
    }))
    await store.batch(entries)
    await store.compact()
  }
  const size = () =>
    readdirSync(path)
      .filter((name) => name.endsWith('.ldb'))
      .reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
  await fill(0)
  const once = size()
  for (let round = 1; round < 6; round++) {
    await store.allSigilRecords('t')
    await store.countSigilRecords('t')
    for await (const _ of store.records({ tenantId: 't' })) break
    for await (const _ of store.records({ tenantId: 't', limit: 2000 }));
    await fill(round)
  }
  expect(size()).toBeLessThan(1.5 * once)
  await store.close()
})
