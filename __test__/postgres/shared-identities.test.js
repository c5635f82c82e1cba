// Guards memories that several identities use at the same time: all know them, one releases them,
// what anybody uses stays, and no access is lost.

const { setTimeout: delay } = require('node:timers/promises')
const { SigilIdentity } = require('sigil-vault')
const { fakeClock, HIGH } = require('../identity/support.js')
const { freshSchema, freshStore } = require('./support.js')

let schema
let open

beforeEach(() => {
  schema = freshSchema()
  open = []
})

afterEach(async () => {
  for (const { store, identity } of open) {
    await identity.stop()
    await store.close()
  }
})

async function another(options = {}) {
  const store = freshStore({ schema })
  const clock = fakeClock()
  const identity = new SigilIdentity(store, { clock, ...options })
  await identity.initialize()
  open.push({ store, identity })
  return { store, clock, identity }
}

/** Time passes for all, and each sweeps, in this order. */
async function sweep(milliseconds, ...all) {
  const released = []
  for (const { clock, identity } of all) {
    clock.forward(milliseconds)
    released.push((await identity.processMemoryDecay()).released)
  }
  return released
}

test('what one encodes or uses the others know at their next sweep, and one releases it', async () => {
  const [one, other] = [await another(), await another()]
  const { id } = await other.identity.encodeSigilMemory('x')
  expect(one.identity.sigilMemory.has(id)).toBe(false)
  expect(await sweep(1000, one, other)).toEqual([0, 0])
  expect(one.identity.sigilMemory.get(id)).toMatchObject({ data: 'x', accessCount: 0 })
  expect(await sweep(900_000, one)).toEqual([0])
  await other.identity.touch(id)
  await sweep(1000, one, other)
  expect(one.identity.sigilMemory.get(id).accessCount).toBe(1)
  // Whoever is not the one that sweeps releases nothing, however much is due.
  expect(await sweep(2_000_000, other)).toEqual([0])
  expect(other.identity.sigilMemory.get(id).decay).toBe(1)
  expect(await sweep(2_000_000, one)).toEqual([1])
  expect(await one.store.countSigilRecords()).toBe(0)
  await other.identity.processMemoryDecay()
  expect(other.identity.sigilMemory.size).toBe(0)
})

test('what is used elsewhere at the last moment is not released', async () => {
  const [one, other] = [await another(), await another()]
  const { id } = await one.identity.encodeSigilMemory('x')
  await sweep(1000, one, other)
  // The other uses it after the one has heard of what is new, before it deletes.
  const sharing = require('../../lib/postgres/shared-use.js').SharedUse.prototype
  const plain = sharing.release
  sharing.release = async function release(...args) {
    await other.identity.touch(id)
    return plain.apply(this, args)
  }
  try {
    expect(await sweep(2_000_000, one)).toEqual([0])
  } finally {
    sharing.release = plain
  }
  expect(one.identity.sigilMemory.get(id)).toMatchObject({
    accessCount: 1,
    decay: expect.any(Number),
  })
  expect(one.identity.sigilMemory.get(id).decay).toBeLessThan(0.9)
  expect(await one.store.getSigilRecord('sigil-memory', id)).toMatchObject({ accessCount: 1 })
})

test('no access is lost, whoever makes it', async () => {
  const all = [await another(), await another(), await another()]
  const { id } = await all[0].identity.encodeSigilMemory('x')
  await sweep(1000, ...all)
  await Promise.all(
    Array.from({ length: 90 }, async (_, n) => {
      await delay(n % 9)
      return n % 2 ? all[n % 3].identity.touch(id) : all[n % 3].identity.recallSigilMemory(id)
    }),
  )
  await sweep(1000, ...all)
  for (const { identity, store } of all) {
    expect(await store.getSigilRecord('sigil-memory', id)).toMatchObject({ accessCount: 90 })
    expect(identity.sigilMemory.get(id).accessCount).toBe(90)
  }
})

test('what was released elsewhere does not come back by being used', async () => {
  const [one, other] = [await another(), await another()]
  const { id } = await one.identity.encodeSigilMemory('x')
  await sweep(1000, one, other)
  expect(await sweep(2_000_000, one)).toEqual([1])
  expect(other.identity.sigilMemory.has(id)).toBe(true)
  expect(await other.identity.recallSigilMemory(id)).toBeUndefined()
  expect(other.identity.sigilMemory.has(id)).toBe(false)
  expect(await other.identity.touch(id)).toBe(false)
  expect(await one.store.countSigilRecords()).toBe(0)
})

test('who stops leaves the decay, and the sweeping, to another', async () => {
  const [one, other] = [await another(), await another()]
  const leases = []
  one.identity.on('lease', ({ held }) => leases.push(['one', held]))
  other.identity.on('lease', ({ held }) => leases.push(['other', held]))
  const { id } = await other.identity.encodeSigilMemory('x')
  await sweep(100_000, one, other)
  await sweep(100_000, one, other)
  // Who does not sweep does not say how memories have aged.
  await other.identity.stop()
  expect((await one.store.getSigilRecord('sigil-memory', id)).decay).toBe(0)
  await one.identity.stop()
  const { decay } = await one.store.getSigilRecord('sigil-memory', id)
  expect(decay).toBeGreaterThan(0.09)
  await sweep(2_000_000, other)
  expect(leases).toEqual([
    ['one', true],
    ['one', false],
    ['other', true],
  ])
  expect(await other.store.countSigilRecords()).toBe(0)
  const third = await another()
  expect(third.identity.sigilMemory.size).toBe(0)
})

test('there are not more memories than may be, whoever encodes', async () => {
  const memoryConfig = { maxSigils: 30 }
  const all = [await another({ memoryConfig }), await another({ memoryConfig })]
  await sweep(1000, ...all)
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      all[n % 2].identity.encodeSigilMemory(n, n < 3 ? HIGH : {}),
    ),
  )
  await sweep(1000, ...all)
  expect(await all[0].store.countSigilRecords()).toBe(30)
  await sweep(1000, ...all)
  for (const { identity } of all) {
    expect(identity.sigilMemory.size).toBe(30)
    expect(identity.crystallizedStates.size).toBe(3)
  }
})

test('a group of memories of several identities crystallizes once, and all know its crystal', async () => {
  const memoryConfig = { crystallizationThreshold: 0.9 }
  const all = [await another({ memoryConfig }), await another({ memoryConfig })]
  const told = []
  for (const { identity } of all)
    identity.on('pattern-crystallized', (crystal) => told.push(crystal))
  for (let n = 0; n < 4; n++) await all[n % 2].identity.encodeSigilMemory('same', HIGH)
  for (let n = 0; n < 3; n++) {
    for (const { identity } of all) await identity.crystallizeMemoryPatterns()
  }
  expect(told).toHaveLength(1)
  expect(told[0]).toMatchObject({ type: 'pattern-crystal', memoryCount: 4 })
  for (const { identity } of all) {
    expect(identity.crystallizedStates.size).toBe(5)
    expect(identity.crystallizedStates.get(told[0].id)).toEqual(told[0])
  }
  expect(await all[1].store.getSigilRecord('sigil-crystal', told[0].id)).toEqual(told[0])
})

test('a sweep that the database does not answer loses nothing', async () => {
  const [one, other] = [await another(), await another()]
  const ids = []
  for (let n = 0; n < 5; n++) ids.push((await one.identity.encodeSigilMemory(n)).id)
  await sweep(1000, one, other)
  const sharing = require('../../lib/postgres/shared-use.js').SharedUse.prototype
  const plain = sharing.release
  sharing.release = () => Promise.reject(new Error('away'))
  try {
    await expect(sweep(2_000_000, one)).rejects.toThrow('away')
  } finally {
    sharing.release = plain
  }
  expect(one.identity.sigilMemory.size).toBe(0)
  await one.identity.crystallizeMemoryPatterns()
  expect(one.identity.sigilMemory.size).toBe(5)
  expect(await sweep(2_000_000, one)).toEqual([5])
  expect(await one.store.countSigilRecords()).toBe(0)
})

test('encodes, uses, sweeps and restarts of three at once end in one state', async () => {
  const options = { clock: undefined, decayPeriod: 5, crystallizationPeriod: 7, leaseDuration: 200 }
  const all = [await another(options), await another(options), await another(options)]
  for (const { identity } of all) identity.start()
  const ids = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      await delay(n)
      const { identity } = all[n % 3]
      const { id } = await identity.encodeSigilMemory({ n })
      await identity.touch(id)
      if (n % 60 === 30) await identity.stop()
      if (n % 60 === 45) await all[(n + 30) % 3].identity.start()
      return id
    }),
  )
  for (const { identity } of all) await identity.start()
  for (const { identity } of all) {
    await identity.processMemoryDecay()
    await identity.processMemoryDecay()
    expect(new Set(identity.sigilMemory.keys())).toEqual(new Set(ids))
    for (const { accessCount } of identity.sigilMemory.values()) expect(accessCount).toBe(1)
  }
  expect(await all[0].store.countSigilRecords()).toBe(300)
})

test('who has heard nothing for long reads everything anew', async () => {
  const [one, other] = [await another(), await another()]
  const kept = await one.identity.encodeSigilMemory('kept')
  const gone = await one.identity.encodeSigilMemory('gone', HIGH)
  await sweep(1000, one, other)
  // What was released so long ago that nobody remembers it.
  await one.store.deleteSigilRecord('sigil-memory', gone.id)
  await sweep(1000, other)
  expect(other.identity.sigilMemory.size).toBe(2)
  const { performance } = require('node:perf_hooks')
  const plain = performance.now.bind(performance)
  const later = jest.spyOn(performance, 'now').mockImplementation(() => plain() + 31 * 60_000)
  try {
    await sweep(1000, other)
  } finally {
    later.mockRestore()
  }
  expect([...other.identity.sigilMemory.keys()]).toEqual([kept.id])
  expect(other.identity.crystallizedStates.size).toBe(0)
})
