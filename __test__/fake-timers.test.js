// Guards that stores work for those who test with timers of their own: nothing that a store waits
// for depends on a timer, a clock or a tick that a test has replaced.

const {
  InMemoryStorageDriver,
  Level,
  LevelDBSigilAdapter,
  SigilIdentity,
  StorageEngine,
} = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()

// The clock goes on, so that there are turns of the event loop to wait for.
const doNotFake = ['performance']

beforeEach(() => jest.useFakeTimers({ doNotFake }))
afterEach(() => jest.useRealTimers())

test('records are written and read, whatever they wait for', async () => {
  const store = new LevelDBSigilAdapter(scratch('records'), { cacheSize: 0 })
  const durable = Array.from({ length: 8 }, async (_, caller) => {
    for (let n = 0; n < 10; n++) {
      // Some call while the write of others is on its way.
      for (let step = 0; step < 10 * caller; step++) await undefined
      await store.setSigilRecord('t', `s${caller}`, `h${n}`, { n }, { durability: 'sync' })
    }
  })
  await Promise.all(durable)
  await store.compact()
  // More than a turn of the event loop, one after another and many at a time.
  for (let n = 0; n < 5000; n++) await store.getSigilRecord('t', 's1', `h${n % 10}`)
  await Promise.all(
    Array.from({ length: 20_000 }, (_, n) => store.setSigilRecord('s', `${n}`, { n })),
  )
  const all = await Promise.all(
    Array.from({ length: 20_000 }, (_, n) => store.getSigilRecord('s', `${n}`)),
  )
  expect(all.every(({ n }, index) => n === index)).toBe(true)
  await store.close()
})

test('a Level, a store in memory and an identity', async () => {
  // abstract-level opens with this one.
  jest.useFakeTimers({ doNotFake: [...doNotFake, 'queueMicrotask'] })
  const level = new Level(scratch('level'))
  await Promise.all(Array.from({ length: 5000 }, (_, n) => level.put(`${n}`, 'value')))
  await Promise.all(Array.from({ length: 50 }, (_, n) => level.put(`${n}`, 'new', { sync: true })))
  expect(await level.values({ limit: 2 }).all()).toEqual(['new', 'new'])
  await level.close()
  const identity = new SigilIdentity(new InMemoryStorageDriver())
  const { id } = await identity.encodeSigilMemory({ a: 1 }, { phi: 0.9 })
  expect(await identity.touch(id)).toBe(true)
  await identity.processMemoryDecay()
  await identity.stop()
})

test('the storage of a messenger', async () => {
  const storage = new StorageEngine({
    dataPath: scratch('messenger'),
    encryptionPassword: 'a password',
  })
  await storage.initialize()
  const messages = Array.from({ length: 300 }, (_, n) => ({
    ...{ id: `m${n}`, sender: 'a', recipient: 'b', timestamp: n, content: 'hello' },
  }))
  await Promise.all(messages.map((message) => storage.saveMessage(message)))
  for (let n = 0; n < 3000; n++) await storage.getMessage(`m${n % 300}`)
  expect(await storage.getRecentMessages(10)).toHaveLength(10)
  await storage.close()
})
