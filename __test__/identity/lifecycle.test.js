// Guards starting, stopping and sweeping at the same time as everything else: nothing is lost,
// nothing is done twice at once, and nothing is left.

const { once } = require('node:events')
const { setTimeout: delay } = require('node:timers/promises')
const { InMemoryStorageDriver, SigilIdentity } = require('sigil-vault')
const { createServer } = require('sigil-vault/server')
const { checkOptions } = require('../../lib/identity/identity-options.js')
const { fakeClock, HIGH, plainStore, sample, until } = require('./support.js')

const QUICK = { decayPeriod: 3, crystallizationPeriod: 4 }

test('fifty encodes at the same time are fifty memories', async () => {
  const identity = new SigilIdentity()
  await Promise.all(Array.from({ length: 50 }, (_, foo) => identity.encodeSigilMemory({ foo })))
  expect(identity.sigilMemory.size).toBe(50)
})

test('a thousand encodes, with sweeps, accesses, stops and starts in between', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store, QUICK)
  identity.start()
  const accesses = []
  const restarting = (async () => {
    for (let n = 0; n < 20; n++) {
      await delay(3)
      const stopped = identity.stop()
      if (n % 2) await stopped
      identity.start()
    }
  })()
  const encodes = Array.from({ length: 1000 }, async (_, n) => {
    await delay(n % 60)
    const { id } = await identity.encodeSigilMemory({ n: n % 40 }, n % 50 === 0 ? HIGH : {})
    accesses.push(identity.touch(id))
    if (n % 100 === 0) accesses.push(identity.processMemoryDecay())
    return id
  })
  const ids = await Promise.all(encodes)
  await Promise.all([...accesses, restarting])
  await identity.stop()
  expect(new Set(ids).size).toBe(1000)
  expect(new Set(identity.sigilMemory.keys())).toEqual(new Set(ids))
  for (const { accessCount } of identity.sigilMemory.values()) expect(accessCount).toBe(1)
  const next = new SigilIdentity(store)
  await next.initialize()
  expect([...next.sigilMemory].sort()).toEqual([...identity.sigilMemory].sort())
})

test('while memories are released between encodes, accesses, stops and starts, none comes back', async () => {
  const [clock, store] = [fakeClock(), plainStore()]
  // So slow that a deletion which does not wait for the write before it comes first.
  const plain = store.setSigilRecord
  let writes = 0
  store.setSigilRecord = async (...args) => {
    await delay(writes++ % 16)
    await plain(...args)
  }
  const counted = sample('sigil_gc_released_total')
  const identity = new SigilIdentity(store, { ...QUICK, clock })
  let released = 0
  identity.on('memory-decay', (event) => {
    released += event.released
  })
  const faults = []
  identity.on('fault', ({ error }) => faults.push(error))
  const [lasting, uses, used, gone] = [[], [], new Map(), new Set()]
  const encode = async (n) => {
    await delay(n % 7)
    const { id } = await identity.encodeSigilMemory({ n }, n % 20 === 0 ? HIGH : {})
    if (n % 20 === 0) lasting.push(id)
    // Nobody waits for it: what is written of it meets the next deletions.
    if (n % 4 < 3) uses.push(use(id, n))
  }
  const use = async (id, n) => {
    await delay(n % 5)
    if (await identity.touch(id)) used.set(id, (used.get(id) ?? 0) + 1)
    else gone.add(id)
  }
  const restart = async (n) => {
    const stopped = identity.stop()
    if (n % 2) await stopped
    await identity.start()
  }
  await identity.start()
  for (let wave = 0; wave < 20; wave++) {
    // From here on all are due whom nobody accesses before the next sweep.
    clock.forward(960_000)
    const ids = [...identity.sigilMemory.keys()].filter((_, n) => n % 3 < 2)
    await Promise.all([
      ...ids.map(use),
      ...Array.from({ length: 50 }, (_, n) => encode(n)),
      delay(wave % 5).then(() => identity.processMemoryDecay()),
      delay(wave % 3).then(() => restart(wave)),
    ])
  }
  await Promise.all(uses)
  await identity.processMemoryDecay()
  await identity.stop()

  expect(faults).toEqual([])
  // It was a race, which either side has won.
  expect(used.size).toBeGreaterThan(20)
  expect(gone.size).toBeGreaterThan(20)
  const left = [...identity.sigilMemory.keys()]
  expect(left.length).toBe(1000 - released)
  expect(sample('sigil_gc_released_total')).toBe(counted + released)
  expect(left).toEqual(expect.arrayContaining(lasting))
  expect(left.filter((id) => gone.has(id))).toEqual([])
  const stored = store.keys().filter((key) => key.startsWith('sigil-memory:'))
  expect(new Set(stored)).toEqual(new Set(left.map((id) => `sigil-memory:${id}`)))
  for (const id of left) {
    const accessCount = used.get(id) ?? 0
    expect(identity.sigilMemory.get(id)).toMatchObject({ accessCount })
    expect(await store.getSigilRecord('sigil-memory', id)).toMatchObject({ accessCount })
  }
})

test('a thousand requests to the service at once mint a thousand, beside an identity', async () => {
  const store = new InMemoryStorageDriver()
  const identity = new SigilIdentity(store, QUICK)
  await identity.start()
  const app = await createServer({ store, identity: () => identity.getIdentity() })
  app.post('/memories', async ({ body }) => identity.encodeSigilMemory(body))
  const post = (url, n) => app.inject({ method: 'POST', url, payload: { n } })
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, n) =>
      Promise.all([post('/memories', n), post('/api/consciousness/sigils', n)]),
    ),
  )
  expect(new Set(answers.map(([memory]) => memory.json().data.n)).size).toBe(1000)
  expect(new Set(answers.map(([, minted]) => minted.json().sigil.id)).size).toBe(1000)
  expect(identity.sigilMemory.size).toBe(1000)
  const listed = await app.inject('/api/consciousness/sigils')
  expect(listed.json()).toMatchObject({
    total: 1000,
    currentIdentity: { sigil: identity.getSigil() },
  })
  await identity.stop()
  await app.close()
})

test('a scrape of the service shows that sweeps go on', async () => {
  const store = new InMemoryStorageDriver()
  const identity = new SigilIdentity(store, QUICK)
  const app = await createServer({ store })
  const scrape = async () => {
    const { payload } = await app.inject('/metrics')
    return Number(/^sigil_gc_sweep_total\{kind="decay"\} (\d+)$/m.exec(payload)?.[1])
  }
  await identity.start()
  const first = await scrape()
  while ((await scrape()) < first + 3) await delay(2)
  await identity.stop()
  const last = await scrape()
  await delay(20)
  expect(await scrape()).toBe(last)
  await app.close()
})

test('sweeps come at their periods, and never twice at once', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store, { decayPeriod: 10, crystallizationPeriod: 10 })
  let [inside, most, sweeps] = [0, 0, 0]
  const plain = identity.processMemoryDecay.bind(identity)
  identity.processMemoryDecay = async () => {
    inside += 1
    most = Math.max(most, inside)
    sweeps += 1
    // Three periods long: of those that pass meanwhile none is made up for.
    await delay(30)
    inside -= 1
    return plain()
  }
  identity.start()
  identity.start()
  await until(() => sweeps === 5)
  const began = performance.now()
  await until(() => sweeps === 8)
  expect(performance.now() - began).toBeGreaterThan(60)
  await identity.stop()
  const stopped = sweeps
  await delay(60)
  expect([most, inside, sweeps]).toEqual([1, 0, stopped])
})

test('stopping waits for the sweep in progress', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store, { ...QUICK, memoryConfig: { memoryDecayRate: 1e9 } })
  for (let n = 0; n < 20; n++) await identity.encodeSigilMemory(n)
  const slow = store.deleteSigilRecord
  let deleting = 0
  store.deleteSigilRecord = async (...names) => {
    deleting += 1
    await delay(50)
    await slow(...names)
  }
  identity.start()
  await until(() => deleting > 0)
  await identity.stop()
  expect(store.deleted).toBe(deleting)
  expect(await store.allSigilRecords()).toEqual([])
})

test('stop before start, stop twice, start after stop', async () => {
  const identity = new SigilIdentity(plainStore(), QUICK)
  await identity.stop()
  await identity.stop()
  const before = sample('sigil_gc_sweep_total{kind="decay"}')
  await identity.start()
  await until(() => sample('sigil_gc_sweep_total{kind="decay"}') > before + 2)
  await Promise.all([identity.stop(), identity.stop()])
  const stopped = sample('sigil_gc_sweep_total{kind="decay"}')
  await delay(30)
  expect(sample('sigil_gc_sweep_total{kind="decay"}')).toBe(stopped)
  await identity.encodeSigilMemory('still')
  await identity.start()
  await until(() => sample('sigil_gc_sweep_total{kind="decay"}') > stopped)
  await identity.stop()
})

test('the timer lets groups crystallize, and counts it', async () => {
  const identity = new SigilIdentity(plainStore(), QUICK)
  const name = 'sigil_gc_sweep_total{kind="crystallization"}'
  const before = sample(name)
  for (let n = 0; n < 3; n++) await identity.encodeSigilMemory('same', { ...HIGH, phi: 0.99 })
  const crystallized = once(identity, 'pattern-crystallized')
  await identity.start()
  const [{ memoryCount }] = await crystallized
  expect(memoryCount).toBe(3)
  await until(() => sample(name) > before + 1)
  await identity.stop()
})

test('without options sweeps come every five and every ten seconds', () => {
  expect(checkOptions({}).periods).toEqual({ decay: 5000, crystallization: 10_000 })
})

test('the numbers count sweeps, what they released, memories and crystals', async () => {
  const identity = new SigilIdentity(plainStore(), { memoryConfig: { memoryDecayRate: 1e9 } })
  const [memories, crystals] = [sample('sigil_memories'), sample('sigil_crystals')]
  const released = sample('sigil_gc_released_total')
  await identity.start()
  await identity.encodeSigilMemory('x')
  await identity.encodeSigilMemory('x', HIGH)
  expect([sample('sigil_memories'), sample('sigil_crystals')]).toEqual([memories + 2, crystals + 1])
  await delay(2)
  await identity.processMemoryDecay()
  expect(sample('sigil_gc_released_total')).toBe(released + 1)
  expect(sample('sigil_gc_sweep_duration_seconds_count{kind="decay"}')).toBeGreaterThan(0)
  await identity.stop()
  expect([sample('sigil_memories'), sample('sigil_crystals')]).toEqual([memories, crystals])
})
