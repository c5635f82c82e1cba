// Guards what becomes of failures: of stores that refuse, late or at once, of sweeps and of listeners.
// They are told, counted and tried again; nothing is lost, and nothing is rejected that nobody asked.

const { setTimeout: delay } = require('node:timers/promises')
const { SigilIdentity, StorageError } = require('sigil-vault')
const { plainStore, sample, until } = require('./support.js')

const QUICK = { decayPeriod: 3, crystallizationPeriod: 4 }

test('an error in a sweep is an event and a number, and the sweep is tried again', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store, { memoryConfig: { memoryDecayRate: 1e9 } })
  const faults = []
  identity.on('fault', (fault) => faults.push(fault))
  identity.on('memory-decay', () => {
    throw new Error('a listener')
  })
  await identity.encodeSigilMemory('x')
  store.failing = new Error('no disk')
  const before = sample('sigil_gc_error_total{kind="storage"}')
  await delay(2)
  expect(await identity.processMemoryDecay()).toEqual({ released: 1 })
  // Once when it was due, once when it was tried again.
  expect(faults.map(({ kind }) => kind)).toEqual(['storage', 'listener', 'storage'])
  expect(sample('sigil_gc_error_total{kind="storage"}')).toBe(before + 2)
  expect(identity.getMemoryStatistics().unsaved).toBe(1)
  await expect(identity.stop()).rejects.toThrow(StorageError)
  store.failing = undefined
  await identity.stop()
  expect(await store.allSigilRecords()).toEqual([])
})

test('a listener that is asynchronous and rejects is a fault too, and nobody else hears of it', async () => {
  const identity = new SigilIdentity(plainStore())
  const faults = []
  const before = sample('sigil_gc_error_total{kind="listener"}')
  identity.on('memory-encoded', async () => {
    throw new Error('later')
  })
  identity.on('fault', async ({ kind, error }) => {
    faults.push(`${kind}: ${error.message}`)
    throw new Error('later still')
  })
  await identity.encodeSigilMemory('x')
  await until(() => sample('sigil_gc_error_total{kind="listener"}') === before + 2)
  await delay(5)
  expect(faults).toEqual(['listener: later'])
  await identity.stop()
})

test('stores that answer at once, without promises, will do', async () => {
  const records = new Map()
  const store = {
    setSigilRecord: (symbol, id, record) => records.set(`${symbol}/${id}`, record),
    getSigilRecord: (symbol, id) => records.get(`${symbol}/${id}`),
    deleteSigilRecord: (symbol, id) => records.delete(`${symbol}/${id}`),
    allSigilRecords: () => records.values(),
  }
  const identity = new SigilIdentity(store, { memoryConfig: { maxSigils: 1 } })
  for (let n = 0; n < 3; n++) await identity.encodeSigilMemory(n)
  const { deleteSigilRecord } = store
  store.deleteSigilRecord = () => {
    throw new Error('at once')
  }
  await identity.encodeSigilMemory('more')
  await expect(identity.stop()).rejects.toThrow(StorageError)
  store.deleteSigilRecord = deleteSigilRecord
  await identity.stop()
  expect(records.size).toBe(1)
  const next = new SigilIdentity(store)
  await next.initialize()
  expect([...next.sigilMemory.values()].map(({ data }) => data)).toEqual(['more'])
})

test('an encode that the store does not take is an error, and no memory', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store)
  await identity.initialize()
  store.failing = new Error('no disk')
  await expect(identity.encodeSigilMemory('x')).rejects.toThrow('no disk')
  expect(identity.sigilMemory.size).toBe(0)
})

test('an encode that is refused leaves nothing, whatever the store has done', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store)
  const plain = store.setSigilRecord
  store.setSigilRecord = async (...args) => {
    await plain(...args)
    throw new Error('the answer was lost')
  }
  await expect(identity.encodeSigilMemory('x')).rejects.toThrow('the answer was lost')
  store.setSigilRecord = plain
  await identity.stop()
  expect(identity.sigilMemory.size).toBe(0)
  expect(await store.allSigilRecords()).toEqual([])
})

test('an access that the store does not take is an error, and stored when it does', async () => {
  const store = plainStore()
  const identity = new SigilIdentity(store)
  const { id } = await identity.encodeSigilMemory('x')
  store.failing = new Error('no disk')
  await expect(identity.touch(id)).rejects.toThrow('no disk')
  await expect(identity.recallSigilMemory(id)).rejects.toThrow('no disk')
  expect(identity.getMemoryStatistics().unsaved).toBe(1)
  store.failing = undefined
  expect(await identity.touch(id)).toBe(true)
  expect(await store.getSigilRecord('sigil-memory', id)).toMatchObject({ accessCount: 3 })
  expect(identity.getMemoryStatistics().unsaved).toBe(0)
})

test('a sweep of the timer that throws or promises nothing is a fault, and no end', async () => {
  const identity = new SigilIdentity(plainStore(), QUICK)
  const faults = []
  identity.on('fault', ({ kind, error }) => faults.push(`${kind}: ${error.message}`))
  let sweeps = 0
  identity.processMemoryDecay = () => {
    sweeps += 1
    if (sweeps === 1) return undefined
    throw new Error('thrown')
  }
  identity.crystallizeMemoryPatterns = async () => {
    throw new Error('rejected')
  }
  const before = sample('sigil_gc_error_total{kind="decay"}')
  await identity.start()
  await until(() => sweeps > 2 && faults.includes('crystallization: rejected'))
  await identity.stop()
  expect(new Set(faults)).toEqual(new Set(['decay: thrown', 'crystallization: rejected']))
  expect(sample('sigil_gc_error_total{kind="decay"}')).toBe(before + sweeps - 1)
})

test('a store that gives no list is told so', async () => {
  const store = plainStore()
  store.allSigilRecords = async () => undefined
  await expect(new SigilIdentity(store).initialize()).rejects.toThrow(StorageError)
})

test('a store that cannot be read at first is read later', async () => {
  const store = plainStore()
  await new SigilIdentity(store).encodeSigilMemory('x')
  store.failing = new Error('not yet')
  const identity = new SigilIdentity(store, QUICK)
  const faults = []
  identity.on('fault', ({ error }) => faults.push(error))
  await expect(identity.start()).rejects.toThrow('not yet')
  await until(() => faults.length > 1)
  store.failing = undefined
  await until(() => identity.sigilMemory.size === 1)
  await identity.stop()
})
