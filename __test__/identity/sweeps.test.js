// Guards decay, crystallization and the limit: that what a caller sees is what the old rule gives,
// that a sweep writes nothing without need, and that what the old code did wrong is not done.

const { InMemoryStorageDriver, SigilIdentity } = require('sigil-vault')
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

test('decay goes on after a restart where it was', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const first = new SigilIdentity(store, { clock })
  const { id } = await first.encodeSigilMemory('x')
  clock.forward(100_000)
  await first.processMemoryDecay()
  clock.forward(100_000)
  await first.stop()
  const second = new SigilIdentity(store, { clock })
  await second.initialize()
  expect(second.sigilMemory.get(id).decay).toBeCloseTo(0.1, 12)
  clock.forward(100_000)
  await second.processMemoryDecay()
  expect(second.sigilMemory.get(id).decay).toBeCloseTo(0.1 + 0.3, 12)
})

test('the time in which nobody was running counts as time without an access', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const first = new SigilIdentity(store, { clock })
  const { id } = await first.encodeSigilMemory('x')
  clock.forward(100_000)
  await first.processMemoryDecay()
  await first.stop()
  // The clock that only goes forward begins anew with the machine; the calendar goes on.
  clock.setCalendar(300_000)
  const second = new SigilIdentity(store, { clock })
  await second.initialize()
  expect(second.sigilMemory.get(id).decay).toBeCloseTo(0.1, 12)
  await second.processMemoryDecay()
  expect(second.sigilMemory.get(id).decay).toBeCloseTo(0.1 + 0.4, 12)
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
  await identity.stop()
  expect(store.written).toBe(400)
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
  expect((await store.allSigilRecords()).map(({ id }) => id).sort()).toEqual(
    [...identity.sigilMemory.keys()].sort(),
  )
})
