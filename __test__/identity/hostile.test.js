// Guards an identity against every argument that makes no sense, at every moment of its life: what is
// refused is refused by a typed error, and nothing else is lost or changed by it.

const { SigilError, SigilIdentity, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('../support/scratch.js')
const { HOSTILE } = require('../support/hostile.js')
const { plainStore } = require('./support.js')

const QUICK = { decayPeriod: 2, crystallizationPeriod: 3 }
const scratch = scratchFolder()

/** What a call came to, which is never anything but an answer or an error of ours. */
async function outcome(call) {
  try {
    return { value: await call() }
  } catch (error) {
    expect(error).toBeInstanceOf(SigilError)
    expect(error.code).toBe('INVALID_PARAMETERS')
    return { error }
  }
}

/** All methods that take something, with one hostile value in each place. */
async function annoy(identity, value) {
  const encoded = [
    await outcome(() => identity.encodeSigilMemory(value)),
    await outcome(() => identity.encodeSigilMemory('fine', value)),
  ].flatMap(({ value: memory }) => memory?.id ?? [])
  expect(await outcome(() => identity.touch(value))).toEqual({ value: false })
  expect(await outcome(() => identity.recallSigilMemory(value))).toEqual({ value: undefined })
  for (const name of ['sigilMemory', 'resonanceNetwork', 'crystallizedStates']) {
    expect(identity[name].get(value)).toBe(undefined)
    expect(identity[name].has(value)).toBe(false)
  }
  return encoded
}

const moments = {
  'before it is started': () => {},
  'when it runs': (identity) => identity.start(),
  'while it stops': (identity) => {
    identity.start()
    identity.stop()
  },
  'after it has stopped': async (identity) => {
    await identity.start()
    await identity.stop()
  },
}

describe.each(Object.entries(moments))('%s', (_, prepare) => {
  test('no argument does harm', async () => {
    const store = new LevelDBSigilAdapter(scratch('db'))
    const identity = new SigilIdentity(store, QUICK)
    const faults = []
    identity.on('fault', (fault) => faults.push(fault))
    const { id } = await identity.encodeSigilMemory('kept')
    await prepare(identity)
    const ids = [id]
    for (const [name, value] of HOSTILE) {
      const encoded = await annoy(identity, value)
      if (name === 'an empty string' || name === 'a polluting object')
        expect(encoded).toHaveLength(2)
      ids.push(...encoded)
    }
    await identity.stop()
    expect(faults).toEqual([])
    expect({}.polluted).toBe(undefined)
    expect([...identity.sigilMemory.keys()]).toEqual(ids)
    const again = new SigilIdentity(store)
    await again.initialize()
    expect(new Set(again.sigilMemory.keys())).toEqual(new Set(ids))
    await again.stop()
    await store.close()
  })
})

test.each(HOSTILE)('%s as store, options, clock or configuration', async (_, value) => {
  const refused = async (make) => {
    const { value: identity } = await outcome(make)
    if (identity === undefined) return
    await identity.encodeSigilMemory('works')
    expect(identity.getMemoryStatistics()).toMatchObject({ totalMemories: expect.any(Number) })
    await identity.stop()
  }
  await refused(() => new SigilIdentity(value))
  await refused(() => new SigilIdentity(plainStore(), value))
  await refused(() => new SigilIdentity(plainStore(), { clock: value }))
  await refused(() => new SigilIdentity(plainStore(), { memoryConfig: value }))
  await refused(() => new SigilIdentity(plainStore(), { decayPeriod: value }))
  await refused(() => new SigilIdentity(plainStore(), { crystallizationPeriod: value }))
  await refused(() => new SigilIdentity(plainStore(), { memoryConfig: { maxSigils: value } }))
})

test.each(HOSTILE)('%s as configuration of an identity that runs', async (_, value) => {
  const identity = new SigilIdentity(plainStore())
  const { id } = await identity.encodeSigilMemory('kept')
  await outcome(() => {
    identity.memoryConfig = value
  })
  await outcome(() => identity.encodeSigilMemory('more'))
  await outcome(() => identity.processMemoryDecay())
  await outcome(() => identity.crystallizeMemoryPatterns())
  await outcome(() => identity.getMemoryStatistics())
  await outcome(() => identity.getIdentity())
  await outcome(() => identity.resonanceNetwork.get(id))
  identity.memoryConfig = { maxSigils: 10 }
  expect((await identity.processMemoryDecay()).released).toBe(0)
  expect(identity.sigilMemory.has(id)).toBe(true)
  await identity.stop()
})

test.each(HOSTILE)('a store that has %s among its records', async (_, value) => {
  const store = plainStore()
  const kept = await new SigilIdentity(store).encodeSigilMemory('kept')
  const all = await store.allSigilRecords()
  const near = { ...kept, id: 'near', decay: value, lastAccessed: value, accessCount: value }
  store.allSigilRecords = async () => [value, { ...kept, id: value }, near, ...all]
  const identity = new SigilIdentity(store)
  const { error } = await outcome(() => identity.initialize())
  if (error === undefined) expect(identity.sigilMemory.has(kept.id)).toBe(true)
})
