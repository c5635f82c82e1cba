// Guards decay, crystallization and the limit: that what a caller sees is what the old rule gives,
// that a sweep writes nothing without need, and that what the old code did wrong is not done.

const {
  InMemoryStorageDriver,
  InvalidParametersError,
  SigilIdentity,
  StorageError,
} = require('sigil-vault')
const { fakeClock, HIGH, plainStore } = require('./support.js')

const YEAR = 365 * 24 * 3600 * 1000

test('decay is what a rewriting of every record at every sweep would give', async () => {
  const clock = fakeClock()
  const identity = new SigilIdentity(plainStore(), { clock })
  /** As the old code kept them. */
  const old = new Map()
  for (let sweep = 0; sweep < 60; sweep++) {
    clock.forward(3000 + ((sweep * 997) % 4000))
    const { id } = await identity.encodeSigilMemory({ sweep })
    old.set(id, { decay: 0, lastAccessed: clock.now() })
    const touched = [...old.keys()][sweep % old.size]
    clock.forward(500)
    await identity.touch(touched)
    old.get(touched).lastAccessed = clock.now()
    clock.forward(700)
    await identity.processMemoryDecay()
    for (const [one, memory] of old) {
      memory.decay = Math.min(
        1,
        memory.decay + ((clock.now() - memory.lastAccessed) / 1000) * 0.001,
      )
      if (memory.decay > 0.95) old.delete(one)
    }
    expect([...identity.sigilMemory.keys()]).toEqual([...old.keys()])
    for (const [one, { decay, lastAccessed }] of old) {
      const memory = identity.sigilMemory.get(one)
      expect(memory.lastAccessed).toBe(lastAccessed)
      expect(Math.abs(memory.decay - decay)).toBeLessThan(1e-12)
    }
  }
  expect(old.size).toBeLessThan(40)
})

test('what has decayed is released, from the store too; what is persistent stays', async () => {
  const clock = fakeClock()
  const store = new InMemoryStorageDriver()
  const identity = new SigilIdentity(store, { clock })
  const events = []
  identity.on('memory-decay', (event) => events.push(event))
  const plain = await identity.encodeSigilMemory('plain')
  const crystal = await identity.encodeSigilMemory('crystal', HIGH)
  clock.forward(950_000)
  expect(await identity.processMemoryDecay()).toEqual({ released: 0 })
  expect(identity.sigilMemory.get(plain.id).decay).toBe(0.95)
  clock.forward(1)
  expect(await identity.processMemoryDecay()).toEqual({ released: 1 })
  expect(events).toEqual([{ released: 1 }])
  expect([...identity.sigilMemory.keys()]).toEqual([crystal.id])
  expect(identity.sigilMemory.get(crystal.id).decay).toBe(1)
  expect(await store.getSigilRecord('sigil-memory', plain.id)).toBe(undefined)
  expect(await store.getSigilRecord('sigil-memory', crystal.id)).toBeDefined()
})

test.each([YEAR, -YEAR])('a calendar that jumps by %d ms releases nothing', async (jump) => {
  const clock = fakeClock()
  const store = plainStore()
  const identity = new SigilIdentity(store, { clock })
  const { id } = await identity.encodeSigilMemory('x')
  clock.setCalendar(jump)
  await identity.touch(id)
  clock.forward(5000)
  await identity.processMemoryDecay()
  expect(identity.sigilMemory.get(id).decay).toBeCloseTo(0.005)
  clock.setCalendar(-jump)
  await identity.encodeSigilMemory('y')
  await identity.processMemoryDecay()
  expect(identity.sigilMemory.size).toBe(2)
  await identity.stop()

  clock.setCalendar(jump)
  const next = new SigilIdentity(store, { clock })
  await next.processMemoryDecay()
  expect(next.sigilMemory.size).toBe(2)
  await next.stop()
})

/**
 * A memory with a decay of a tenth, of an identity that has stopped, and another that finds it
 * later. Around the stop, the clock can be moved.
 */
async function restarted(beforeStop, afterStop) {
  const clock = fakeClock()
  const store = plainStore()
  const first = new SigilIdentity(store, { clock })
  const { id } = await first.encodeSigilMemory('x')
  clock.forward(100_000)
  await first.processMemoryDecay()
  beforeStop(clock)
  await first.stop()
  afterStop(clock)
  const second = new SigilIdentity(store, { clock })
  await second.initialize()
  expect(second.sigilMemory.get(id).decay).toBeCloseTo(0.1, 12)
  return { clock, second, decay: () => second.sigilMemory.get(id).decay }
}

test('stopping leaves alone what others keep in the store', async () => {
  const clock = fakeClock()
  const driver = new InMemoryStorageDriver()
  for (let n = 0; n < 300; n++) await driver.setSigilRecord(`sigil-${n}`, 'hash', { n })
  const deleted = []
  const store = {
    setSigilRecord: (...args) => driver.setSigilRecord(...args),
    getSigilRecord: (...args) => driver.getSigilRecord(...args),
    allSigilRecords: (...args) => driver.allSigilRecords(...args),
    deleteSigilRecord: (...args) => {
      deleted.push(args)
      return driver.deleteSigilRecord(...args)
    },
  }
  for (let run = 0; run < 2; run++) {
    const identity = new SigilIdentity(store, { clock })
    await identity.encodeSigilMemory({ run })
    clock.forward(100_000)
    await identity.processMemoryDecay()
    await identity.stop()
  }
  expect(deleted).toEqual([])
})

test('decay goes on after a restart where it was', async () => {
  const { clock, second, decay } = await restarted(
    (before) => before.forward(100_000),
    () => {},
  )
  clock.forward(100_000)
  await second.processMemoryDecay()
  expect(decay()).toBeCloseTo(0.1 + 0.3, 12)
})

test('the time in which nobody was running counts as time without an access', async () => {
  const { clock, second, decay } = await restarted(
    () => {},
    // The clock that only goes forward begins anew with the machine; the calendar goes on.
    (after) => after.setCalendar(300_000),
  )
  await second.processMemoryDecay()
  expect(decay()).toBeCloseTo(0.1 + 0.4, 12)
  clock.forward(500_000)
  expect(await second.processMemoryDecay()).toEqual({ released: 1 })
})

test('a memory that somebody else has stored decays from when it was last accessed', async () => {
  const store = new InMemoryStorageDriver()
  const old = await new SigilIdentity(store).encodeSigilMemory('old')
  const accessed = (ago) => ({ ...old, id: `${ago}`, lastAccessed: Date.now() - ago })
  await store.setSigilRecord('sigil-memory', '960000', accessed(960_000))
  await store.setSigilRecord('sigil-memory', '400000', accessed(400_000))
  const identity = new SigilIdentity(store)
  expect(await identity.processMemoryDecay()).toEqual({ released: 1 })
  expect(new Set(identity.sigilMemory.keys())).toEqual(new Set(['400000', old.id]))
  expect(identity.sigilMemory.get('400000').decay).toBeCloseTo(0.4, 2)
})

test('another rate holds from the next sweep on', async () => {
  const clock = fakeClock()
  const identity = new SigilIdentity(plainStore(), { clock })
  const { id } = await identity.encodeSigilMemory('x')
  clock.forward(10_000)
  await identity.processMemoryDecay()
  identity.memoryConfig.memoryDecayRate = 0.01
  await identity.processMemoryDecay()
  expect(identity.sigilMemory.get(id).decay).toBeCloseTo(0.01 + 0.1, 12)
  identity.memoryConfig.memoryDecayRate = 0
  await identity.processMemoryDecay()
  expect(identity.sigilMemory.get(id).decay).toBeCloseTo(0.11, 12)
})

test('a sweep comes after the one that was asked for before, whole', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const identity = new SigilIdentity(store, { clock })
  await identity.encodeSigilMemory('due')
  clock.forward(960_000)
  const { id } = await identity.encodeSigilMemory('young')
  let answer
  const answered = new Promise((resolve) => {
    answer = resolve
  })
  const plain = store.deleteSigilRecord
  const asked = new Promise((resolve) => {
    store.deleteSigilRecord = async (...names) => {
      resolve()
      await answered
      await plain(...names)
    }
  })
  const sweeps = [identity.processMemoryDecay(), identity.processMemoryDecay()]
  await asked
  clock.forward(10_000)
  answer()
  expect(await Promise.all(sweeps)).toEqual([{ released: 1 }, { released: 0 }])
  expect(identity.sigilMemory.get(id).decay).toBeCloseTo(0.01, 12)
})

test('a sweep rewrites nothing; the old one rewrote every record', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const identity = new SigilIdentity(store, { clock })
  for (let n = 0; n < 200; n++) await identity.encodeSigilMemory(n)
  expect(store.written).toBe(200)
  clock.forward(5000)
  await identity.processMemoryDecay()
  await identity.crystallizeMemoryPatterns()
  expect([store.written, store.deleted]).toEqual([200, 0])
  // Nor does stopping rewrite them.
  await identity.stop()
  await identity.stop()
  expect([store.written, store.deleted]).toEqual([201, 0])
})

test('how memories have aged is noted in few records, and read as it was', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const first = new SigilIdentity(store, { clock })
  const ids = []
  for (let n = 0; n < 2500; n++) ids.push((await first.encodeSigilMemory(n)).id)
  clock.forward(100_000)
  await first.processMemoryDecay()
  await first.touch(ids[7])
  clock.forward(50_000)
  const failing = new Error('no disk')
  const plain = store.setSigilRecord
  let left = 1
  store.setSigilRecord = async (...args) => {
    if (left-- <= 0) throw failing
    await plain(...args)
  }
  await expect(first.stop()).rejects.toThrow(StorageError)
  store.setSigilRecord = plain
  await first.stop()
  const notes = () => store.keys().filter((key) => key.startsWith('sigil-ages:'))
  expect(notes()).toHaveLength(3)

  const second = new SigilIdentity(store, { clock })
  await second.initialize()
  expect([...second.sigilMemory]).toEqual([...first.sigilMemory])
  await second.touch(ids[8])
  await second.processMemoryDecay()
  await first.processMemoryDecay()
  expect(second.sigilMemory.get(ids[9])).toEqual(first.sigilMemory.get(ids[9]))
  expect(second.sigilMemory.get(ids[9]).decay).toBeCloseTo(0.1 + 0.15, 12)
  expect(second.sigilMemory.get(ids[8]).decay).toBeCloseTo(0.1, 12)

  // It ends without having stopped: what was noted holds, and of those accessed since, the record.
  const third = new SigilIdentity(store, { clock, memoryConfig: { maxSigils: 20 } })
  await third.initialize()
  expect(third.sigilMemory.size).toBe(20)
  expect(third.sigilMemory.get(ids[7])).toMatchObject({ accessCount: 1 })
  expect(third.sigilMemory.get(ids[8])).toMatchObject({ accessCount: 1, decay: 0.1 })
  await third.processMemoryDecay()
  await third.stop()
  expect(notes()).toHaveLength(1)
})

test('a memory above the threshold is a crystal at once; the old code came to a standstill', async () => {
  const identity = new SigilIdentity()
  const events = []
  identity.on('memory-encoded', ({ id }) => events.push(['encoded', id]))
  identity.on('memory-crystallized', ({ id, type }) => events.push([type, id]))
  const { id } = await identity.encodeSigilMemory('x', HIGH)
  expect(events).toEqual([
    ['encoded', id],
    ['memory-crystal', id],
  ])
  expect(identity.crystallizedStates.size).toBe(1)
})

test('a group crystallizes once, and again only when it has changed', async () => {
  const identity = new SigilIdentity()
  const made = []
  identity.on('pattern-crystallized', (crystal) => made.push(crystal))
  const state = { ...HIGH, coherence: 0.9 }
  for (let n = 0; n < 2; n++) await identity.encodeSigilMemory('same', state)
  expect(await identity.crystallizeMemoryPatterns()).toEqual([])
  const { resonanceFrequency, crystallizationPotential } = await identity.encodeSigilMemory(
    'same',
    state,
  )
  const [crystal] = await identity.crystallizeMemoryPatterns()
  expect(crystal).toMatchObject({
    type: 'pattern-crystal',
    isPersistent: true,
    group: Math.floor(resonanceFrequency * 100),
    memoryCount: 3,
  })
  expect(crystal.strength).toBeCloseTo(crystallizationPotential, 12)
  await Promise.all([identity.crystallizeMemoryPatterns(), identity.crystallizeMemoryPatterns()])
  expect(made).toEqual([crystal])
  await identity.encodeSigilMemory('same', state)
  expect(await identity.crystallizeMemoryPatterns()).toHaveLength(1)
  expect(made).toHaveLength(2)
  expect(identity.crystallizedStates.get(crystal.id).memoryCount).toBe(4)
})

test('of memories that are equally old the one used longest ago goes, never the newest', async () => {
  const clock = fakeClock()
  const identity = new SigilIdentity(plainStore(), { clock, memoryConfig: { maxSigils: 3 } })
  const ids = []
  for (let n = 0; n < 8; n++) {
    const { id } = await identity.encodeSigilMemory(n)
    ids.push(id)
    expect([...identity.sigilMemory.keys()]).toEqual(ids.slice(-3))
  }
  clock.forward(1)
  await identity.touch(ids[5])
  ids.push((await identity.encodeSigilMemory('more')).id)
  expect([...identity.sigilMemory.keys()]).toEqual([ids[5], ids[7], ids[8]])
})

test('the limit holds when memories are taken up, and after a sweep', async () => {
  const store = plainStore()
  const first = new SigilIdentity(store)
  for (let n = 0; n < 12; n++) await first.encodeSigilMemory(n)
  const second = new SigilIdentity(store, { memoryConfig: { maxSigils: 5 } })
  await second.initialize()
  expect([...second.sigilMemory.values()].map(({ data }) => data)).toEqual([7, 8, 9, 10, 11])
  second.memoryConfig.maxSigils = 2
  await second.processMemoryDecay()
  expect([...second.sigilMemory.values()].map(({ data }) => data)).toEqual([10, 11])
  await second.stop()
  expect(store.keys().filter((key) => key.startsWith('sigil-memory:'))).toHaveLength(2)
})

test('from the moment of a sweep nobody meets what is due, however long releasing it takes', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const identity = new SigilIdentity(store, { clock })
  const ids = []
  for (let n = 0; n < 1000; n++) ids.push((await identity.encodeSigilMemory(n % 9)).id)
  clock.forward(951_000)
  const { id } = await identity.encodeSigilMemory('young')
  const met = []
  const plain = store.deleteSigilRecord
  store.deleteSigilRecord = async (...names) => {
    if (store.deleted % 300 === 0) {
      const last = ids[999]
      met.push(await identity.touch(last), await identity.recallSigilMemory(last))
      met.push(identity.sigilMemory.has(last), identity.sigilMemory.get(last))
      met.push(identity.resonanceNetwork.get(last), identity.resonanceNetwork.get(id).length)
      met.push(identity.sigilMemory.size, [...identity.sigilMemory.keys()].length)
    }
    await plain(...names)
  }
  expect(await identity.processMemoryDecay()).toEqual({ released: 1000 })
  const none = [false, undefined, false, undefined, undefined, 0, 1, 1]
  expect(met.length).toBeGreaterThan(16)
  expect(met).toEqual(Array.from({ length: met.length / 8 }, () => none).flat())
  expect(store.written).toBe(1001)
})

test('rates at which decays could not be compared are refused, and all others work', async () => {
  for (const memoryDecayRate of [1e-26, 1e18, Number.POSITIVE_INFINITY, -1]) {
    expect(() => new SigilIdentity(plainStore(), { memoryConfig: { memoryDecayRate } })).toThrow(
      InvalidParametersError,
    )
  }
  for (const memoryDecayRate of [0, 1e-15, 1e-3, 1e9]) {
    const store = plainStore()
    const { id } = await new SigilIdentity(store).encodeSigilMemory('x')
    const record = await store.getSigilRecord('sigil-memory', id)
    for (const decay of [0.9499, 0.96, 0.951]) {
      const stored = { ...record, id: `${decay}`, decay }
      await store.setSigilRecord('sigil-memory', stored.id, stored)
    }
    const memoryConfig = { memoryDecayRate }
    const identity = new SigilIdentity(store, { clock: fakeClock(), memoryConfig })
    expect(await identity.processMemoryDecay()).toEqual({ released: 2 })
    expect(new Set(identity.sigilMemory.keys())).toEqual(new Set([id, '0.9499']))
  }
})

test('there are never more memories than may be: the most decayed go, never the persistent', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const identity = new SigilIdentity(store, { clock, memoryConfig: { maxSigils: 5 } })
  const ids = []
  for (let n = 0; n < 5; n++) {
    ids.push((await identity.encodeSigilMemory(n, n === 0 ? HIGH : {})).id)
    clock.forward(1000)
  }
  await identity.processMemoryDecay()
  await identity.touch(ids[1])
  clock.forward(100_000)
  await identity.processMemoryDecay()
  // The first is persistent; the second was accessed since.
  const more = await identity.encodeSigilMemory('more')
  expect([...identity.sigilMemory.keys()]).toEqual([ids[0], ids[1], ids[3], ids[4], more.id])
  await identity.stop()
  expect(store.deleted).toBe(1)
  const names = [...identity.sigilMemory.keys()].map((id) => `sigil-memory:${id}`)
  expect(store.keys().sort()).toEqual(['sigil-ages:ages-000000', ...names.sort()])
})
