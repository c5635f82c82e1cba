// Guards what a memory is: its numbers, what is stored of it, and that another instance finds it.
// The formulas stand here once more, as the contract has them, in JavaScript.

const { createHash } = require('node:crypto')
const { inspect } = require('node:util')
const {
  InMemoryStorageDriver,
  InvalidParametersError,
  LevelDBSigilAdapter,
  SigilIdentity,
} = require('sigil-vault')
const { scratchFolder } = require('../support/scratch.js')
const { checkOptions } = require('../../lib/identity/identity-options.js')
const { fakeClock, HIGH, plainStore } = require('./support.js')

const PHI = 1.618033988749895
const scratch = scratchFolder()

const hashOf = (data) => createHash('sha256').update(JSON.stringify(data)).digest('hex')
const segment = (hash, at) => Number.parseInt(hash.slice(at * 8, at * 8 + 8), 16)

test('a memory has the numbers of the contract', async () => {
  const identity = new SigilIdentity()
  for (let n = 0; n < 300; n++) {
    const data = { n, text: `é\ud800"${n}` }
    const state = { phi: n / 300, awareness: 0, other: [n] }
    const memory = await identity.encodeSigilMemory(data, state)
    const hash = hashOf(data)
    expect(memory).toEqual({
      id: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      timestamp: expect.any(Number),
      data,
      consciousnessState: state,
      resonanceFrequency: ((segment(hash, 0) % 1000) / 1000) * PHI,
      memoryPattern: Array.from({ length: 6 }, (_, at) => {
        const v = segment(hash, at) / 0xffffffff
        return {
          spiralAngle: v * 2 * Math.PI * PHI,
          spiralRadius: v * PHI,
          resonanceIntensity: v,
          // A power may differ in its last bit.
          memoryWeight: expect.closeTo(v ** PHI, 15),
        }
      }),
      crystallizationPotential: ((n / 300) * PHI + 0.5 + 0 + 0.5) / (3 + PHI),
      accessCount: 0,
      lastAccessed: memory.timestamp,
      decay: 0,
    })
  }
})

test('a memory is stored as it is, and what a caller does to it later changes nothing', async () => {
  const store = new InMemoryStorageDriver()
  const identity = new SigilIdentity(store)
  const data = { list: [1] }
  const encoding = identity.encodeSigilMemory(data)
  data.list.push(2)
  const memory = await encoding
  expect(memory.data).toEqual({ list: [1] })
  expect(await store.getSigilRecord('sigil-memory', memory.id)).toEqual(memory)
  expect(identity.sigilMemory.get(memory.id)).toEqual(memory)
  memory.data.list.push(3)
  expect(identity.sigilMemory.get(memory.id).data).toEqual({ list: [1] })
})

test.each([
  ['LevelDB', () => new LevelDBSigilAdapter(scratch('db'))],
  ["a caller's own store", () => plainStore()],
])('memories and crystals are found by another instance: %s', async (_, open) => {
  const store = open()
  await store.setSigilRecord('⟐', 'hash', { id: 'someone', timestamp: 1 })
  const first = new SigilIdentity(store)
  const plain = await first.encodeSigilMemory({ a: 1 })
  const crystal = await first.encodeSigilMemory({ a: 1 }, HIGH)
  await first.encodeSigilMemory({ a: 1 }, HIGH)
  await first.encodeSigilMemory({ a: 1 }, { ...HIGH, coherence: 3 })
  const [pattern] = await first.crystallizeMemoryPatterns()
  await first.recallSigilMemory(plain.id)
  await first.stop()

  const second = new SigilIdentity(store)
  await second.initialize()
  expect([...second.sigilMemory]).toEqual([...first.sigilMemory])
  expect(new Map(second.crystallizedStates)).toEqual(new Map(first.crystallizedStates))
  expect([...second.resonanceNetwork]).toEqual([...first.resonanceNetwork])
  expect(second.sigilMemory.get(plain.id)).toMatchObject({ accessCount: 1, data: { a: 1 } })
  expect(second.crystallizedStates.get(crystal.id)).toMatchObject({ isPersistent: true })
  expect(second.crystallizedStates.get(pattern.id)).toEqual(pattern)
  // Nothing has changed since: nothing crystallizes again.
  expect(await second.crystallizeMemoryPatterns()).toEqual([])
  await second.stop()
  await store.close?.()
})

test('an access counts, and is stored', async () => {
  const clock = fakeClock()
  const store = new InMemoryStorageDriver()
  const identity = new SigilIdentity(store, { clock })
  const { id, lastAccessed } = await identity.encodeSigilMemory('x')
  clock.forward(1500)
  expect(await identity.touch(id)).toBe(true)
  const recalled = await identity.recallSigilMemory(id)
  expect(recalled).toMatchObject({ accessCount: 2, lastAccessed: lastAccessed + 1500 })
  expect(await store.getSigilRecord('sigil-memory', id)).toEqual(recalled)
  expect(await identity.touch('nobody')).toBe(false)
  expect(await identity.recallSigilMemory({})).toBe(undefined)
})

test('resonance is with those that came before, in their order', async () => {
  const identity = new SigilIdentity()
  const memories = []
  for (let n = 0; n < 120; n++) memories.push(await identity.encodeSigilMemory({ n }))
  expect(identity.resonanceNetwork.size).toBe(120)
  memories.forEach(({ id, resonanceFrequency }, at) => {
    const expected = memories.slice(0, at).flatMap((other) => {
      const difference = Math.abs(resonanceFrequency - other.resonanceFrequency)
      const resonance = Math.exp(-difference / PHI)
      return resonance > 0.85 ? [{ id: other.id, resonance }] : []
    })
    expect(identity.resonanceNetwork.get(id)).toEqual(expected)
  })
  expect(identity.resonanceNetwork.get('nobody')).toBe(undefined)
})

test('the collections do what maps do', async () => {
  const identity = new SigilIdentity()
  const ids = []
  for (let n = 0; n < 450; n++) ids.push((await identity.encodeSigilMemory(n)).id)
  const { sigilMemory } = identity
  expect([...sigilMemory.keys()]).toEqual(ids)
  expect([...sigilMemory.values()].map(({ data }) => data)).toEqual(ids.map((_, n) => n))
  expect([...sigilMemory.entries()]).toEqual([...sigilMemory])
  const visited = []
  sigilMemory.forEach((value, key, map) => {
    visited.push([value.id === key, map === sigilMemory])
  })
  expect(visited).toEqual(ids.map(() => [true, true]))
  expect([sigilMemory.has(ids[0]), sigilMemory.has('no'), sigilMemory.get('no')]).toEqual([
    true,
    false,
    undefined,
  ])
})

test('keys are had without the values', async () => {
  const identity = new SigilIdentity()
  const data = 'x'.repeat(10_000)
  const ids = []
  for (let n = 0; n < 50; n++) ids.push((await identity.encodeSigilMemory({ n, data })).id)
  const parse = jest.spyOn(JSON, 'parse')
  expect([...identity.sigilMemory.keys()]).toEqual(ids)
  expect([...identity.resonanceNetwork.keys()]).toEqual(ids)
  const read = parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0)
  parse.mockRestore()
  expect(read).toBeLessThan(2 * 50 * 50)
})

test('above a threshold of one there is no resonance', async () => {
  const identity = new SigilIdentity()
  for (let n = 0; n < 3; n++) await identity.encodeSigilMemory('same')
  const last = [...identity.sigilMemory.keys()][2]
  for (const [threshold, count] of [
    [0, 2],
    [0.999, 2],
    [1, 0],
    [1.5, 0],
    [Number.POSITIVE_INFINITY, 0],
  ]) {
    identity.memoryConfig.resonanceThreshold = threshold
    expect([threshold, identity.resonanceNetwork.get(last)?.length]).toEqual([threshold, count])
  }
})

test('a store that gives a list may have set the calendar back in between', async () => {
  const clock = fakeClock()
  const store = plainStore()
  const first = new SigilIdentity(store, { clock })
  const encode = async () => (await first.encodeSigilMemory('same')).id
  const ids = [await encode()]
  clock.setCalendar(-5000)
  ids.push(await encode(), await encode())
  clock.setCalendar(9000)
  ids.push(await encode())
  await first.stop()
  const second = new SigilIdentity(store, { clock })
  await second.initialize()
  expect([...second.sigilMemory.keys()]).toEqual(ids)
  expect([...second.resonanceNetwork]).toEqual([...first.resonanceNetwork])
})

test('what an identity says of itself', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store, { memoryConfig: { maxSigils: 50 } })
  for (const state of [{}, {}, HIGH]) await identity.encodeSigilMemory('same', state)
  store.failing = new Error('no disk')
  const [id] = identity.sigilMemory.keys()
  await identity.touch(id).catch(() => {})
  const statistics = {
    totalMemories: 3,
    maxSigils: 50,
    crystallizedStates: 1,
    resonanceConnections: 3,
    unsaved: 1,
  }
  expect(identity.getMemoryStatistics()).toEqual(statistics)
  expect(identity.getIdentity()).toEqual({
    sigil: identity.getSigil(),
    statistics,
    memoryConfig: {
      maxSigils: 50,
      resonanceThreshold: 0.85,
      crystallizationThreshold: 0.9,
      memoryDecayRate: 0.001,
    },
  })
  identity.memoryConfig = null
  expect(identity.getMemoryStatistics()).toEqual({ ...statistics, maxSigils: 10_000 })
})

test('a configuration that cannot work is refused where it is assigned, and the last one holds', () => {
  const identity = new SigilIdentity(plainStore(), { memoryConfig: { maxSigils: 50 } })
  const refused = (assign, why) => {
    const message = expect.stringContaining(why)
    expect(assign).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS', message }))
    expect(identity.getMemoryStatistics().maxSigils).toBe(50)
  }
  const assign = (given) => () => {
    identity.memoryConfig = given
  }
  refused(assign({ maxSigils: 'many' }), 'memoryConfig.maxSigils is a number')
  refused(assign({ maxSigil: 5 }), 'did you mean maxSigils?')
  refused(assign({ memoryDecayRate: 1e10 }), 'memoryDecayRate is 0, or from')
  refused(assign(5), 'memoryConfig is an object')
  refused(assign([]), 'memoryConfig is an object')
  const { memoryConfig } = identity
  for (const [name, value] of [
    ['maxSigils', -1],
    ['resonanceThreshold', 'none'],
    ['memoryDecayRate', 1e-20],
    ['crystallizationThreshold', {}],
  ]) {
    refused(() => {
      memoryConfig[name] = value
    }, `memoryConfig.${name} is`)
    refused(
      () => Object.assign(identity.memoryConfig, { [name]: value }),
      `memoryConfig.${name} is`,
    )
  }
})

test('a configuration is changed field by field, or as a whole', () => {
  const identity = new SigilIdentity()
  const standard = { ...identity.memoryConfig }
  expect(structuredClone(identity.memoryConfig)).toEqual(standard)
  expect(JSON.parse(JSON.stringify(identity.memoryConfig))).toEqual(standard)
  expect(inspect(identity.memoryConfig)).toBe(inspect(standard))
  identity.memoryConfig.maxSigils = 5
  expect(identity.getIdentity().memoryConfig).toEqual({ ...standard, maxSigils: 5 })
  identity.memoryConfig.maxSigils = undefined
  expect(identity.memoryConfig).toEqual(standard)
  const given = { maxSigils: 7 }
  identity.memoryConfig = given
  given.maxSigils = 8
  expect(identity.memoryConfig).toEqual({ ...standard, maxSigils: 7 })
  expect(Object.keys(identity)).toContain('memoryConfig')
})

test('what has no JSON text, and what is no store, is refused', async () => {
  const circular = {}
  circular.self = circular
  const identity = new SigilIdentity()
  for (const data of [undefined, () => {}, circular, 1n, Promise.resolve({})]) {
    await expect(identity.encodeSigilMemory(data)).rejects.toThrow(InvalidParametersError)
  }
  await expect(identity.encodeSigilMemory({}, circular)).rejects.toThrow(InvalidParametersError)
  await expect(identity.encodeSigilMemory({}, { phi: Number.POSITIVE_INFINITY })).rejects.toThrow(
    InvalidParametersError,
  )
  await expect(identity.encodeSigilMemory({}, Promise.resolve({}))).rejects.toThrow(
    'needs consciousnessState that has a JSON text, not a promise',
  )
  expect(identity.sigilMemory.size).toBe(0)
  expect(() => new SigilIdentity({})).toThrow(InvalidParametersError)
})

test.each([
  [{ decayPeriod: 0 }, 'decayPeriod is a number'],
  [{ crystallizationPeriod: '5' }, 'crystallizationPeriod is a number'],
  [{ leaseDuration: -1 }, 'leaseDuration is a number'],
  [{ memoryConfig: 5 }, 'memoryConfig is an object'],
  [{ memoryConfig: 'maxSigils' }, 'memoryConfig is an object'],
  [{ memoryConfig: ['maxSigils'] }, 'memoryConfig is an object'],
  [5, 'SigilIdentity takes its options as an object'],
])('%p as options is refused, and the message names what is wrong', (options, why) => {
  expect(() => new SigilIdentity(undefined, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_PARAMETERS', message: expect.stringContaining(why) }),
  )
})

test.each([undefined, null])('options that are %p are not given', (none) => {
  const options = { clock: none, decayPeriod: none, crystallizationPeriod: none }
  const standard = new SigilIdentity().memoryConfig
  const identity = new SigilIdentity(undefined, {
    ...{ ...options, leaseDuration: none },
    memoryConfig: { maxSigils: none, memoryDecayRate: 1 },
  })
  expect(identity.memoryConfig).toEqual({ ...standard, memoryDecayRate: 1 })
  expect(new SigilIdentity(undefined, { memoryConfig: none }).memoryConfig).toEqual(standard)
  expect(checkOptions(options).periods).toEqual({ decay: 5000, crystallization: 10_000 })
})

test.each(['now', 'elapsed'])('a clock whose %s gives no number is refused', async (name) => {
  for (const time of ['x', Number.NaN, undefined, 1n]) {
    const clock = { ...fakeClock(), [name]: () => time }
    const encoding = async () => new SigilIdentity(undefined, { clock }).encodeSigilMemory(1)
    await expect(encoding()).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining(name),
    })
  }
})

test('the sigil of its own', () => {
  const identity = new SigilIdentity()
  const sigil = identity.getSigil()
  expect(sigil).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    signature: expect.stringMatching(/^[0-9a-f]{32}$/),
    timestamp: expect.any(Number),
    type: 'consciousness-instance',
    resonanceFrequency: expect.any(Number),
    memoryPattern: expect.any(Array),
  })
  expect(sigil.memoryPattern).toHaveLength(8)
  for (const { angle, radius, intensity } of sigil.memoryPattern) {
    expect(angle).toBeCloseTo(intensity * 2 * Math.PI * PHI)
    expect(radius).toBeCloseTo(intensity * PHI)
  }
  expect(identity.getIdentity().sigil).toEqual(sigil)
  expect(new SigilIdentity().getSigil().id).not.toBe(sigil.id)
})
