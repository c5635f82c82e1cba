// Small lists are read on the calling thread where nothing has to be waited for. They are the lists
// that the pool would give, everybody else has his turn meanwhile, and closing waits for them.

const { setImmediate: nextTurn } = require('node:timers/promises')
const { join } = require('node:path')
const { StorageEngine } = require('sigil-vault')
const { nativeOptions } = require('../../lib/messenger-options.js')
const { Vault } = require('../../lib/messenger-vault.js')
const { PASSWORD, cleanUp, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)

const COUNT = 250
const PEERS = ['bob', 'carol', 'dave']

/** More than is read at once, so that it goes to the pool. */
const MANY = 1_000

function messageOf(n) {
  const special = n % 10 === 0 ? { bytes: Buffer.from([n]), map: new Map([[n, { n }]]) } : {}
  return { id: `m${n}`, timestamp: (n * 7) % 90, sender: 'al', recipient: PEERS[n % 3], ...special }
}

async function filled() {
  const store = await openStore()
  const numbers = Array.from({ length: COUNT }, (_, n) => n)
  await Promise.all(numbers.map((n) => store.saveMessage(messageOf(n))))
  const gone = numbers.filter((n) => n % 7 === 0)
  await Promise.all(gone.map((n) => store.deleteMessage(`m${n}`)))
  return store
}

/** All pages of a list, as one. */
async function paged(ask, limit) {
  const all = []
  let before
  do {
    const page = await ask(limit, { before })
    all.push(...page)
    before = page.cursor
  } while (before !== undefined)
  return all
}

test('they are the lists that the pool gives', async () => {
  const store = await filled()
  const lists = [
    (limit, options) => store.getRecentMessages(limit, options),
    ...['al', ...PEERS, 'nobody'].map(
      (peer) => (limit, options) => store.getMessagesByPeer(peer, limit, options),
    ),
  ]
  const compareAll = async () => {
    for (const ask of lists) {
      const whole = await ask(MANY)
      for (const limit of [0, 1, 50, 200]) {
        expect([...(await ask(limit))]).toEqual(whole.slice(0, limit))
      }
      expect(await paged(ask, 7)).toEqual([...whole])
      const middle = whole[20]
      if (middle === undefined) continue
      for (const before of [middle.id, middle.timestamp]) {
        const rest = await ask(MANY, { before })
        expect([...(await ask(10, { before }))]).toEqual(rest.slice(0, 10))
      }
    }
  }
  await compareAll()
  await store.purge()
  await compareAll()
  const none = { before: 'nothing' }
  const [small, large] = await Promise.all(
    [1, MANY].map((limit) => store.getRecentMessages(limit, none).catch((error) => error)),
  )
  expect(small).toMatchObject({
    code: large.code,
    message: large.message,
    operation: large.operation,
  })
})

test('they come without the pool', async () => {
  const options = nativeOptions({}, join(newDirectory(), 'backups'))
  const root = join(newDirectory(), 'g3zkp-db')
  const vault = await Vault.open(root, Buffer.from(PASSWORD), options, () => {})
  await vault.change('test', (native) => native.saveMessage('m', 1, 'al', 'bo', ' {"id":"m"}'))
  await vault.change('test', (native) => native.saveMessage('n', 2, 'al', 'bo', ' {"id":"n"}'))
  const list = vault.call('test', (native) => native.messagesAtOnce('bo', 50))
  expect(list.numbers.length).toBe(2 * Float64Array.BYTES_PER_ELEMENT)
  const ready = (...wanted) => vault.call('test', (native) => native.ready(Uint8Array.from(wanted)))
  expect(ready(1, 1).texts).toEqual(['[ {"id":"n"}, {"id":"m"}]'])
  vault.call('test', (native) => native.messagesAtOnce('bo', 50))
  expect(ready(0, 1).texts).toEqual(['[ {"id":"m"}]'])
  // Of which list it would be, nobody knows any more.
  expect(() => ready(0, 1)).toThrow(expect.objectContaining({ code: 'INTERNAL_ERROR' }))
  expect(vault.call('test', (native) => native.messagesAtOnce('bo', 201))).toBe(null)
  await vault.close()
  const closed = { code: 'NOT_INITIALIZED' }
  expect(() => vault.call('test', (native) => native.messagesAtOnce('bo', 50))).toThrow(
    expect.objectContaining(closed),
  )
})

test.each([
  ['lists', (store) => store.getRecentMessages()],
  ['messages', (store) => store.getMessage('m1')],
  ['messages that are not there', (store) => store.getMessage('none')],
  ['counts', (store) => store.getStats()],
])(
  'whoever asks for %s one after another leaves others their turn',
  async (_, ask) => {
    const store = await filled()
    let turns = 0
    let isDone = false
    const others = (async () => {
      while (!isDone) {
        await nextTurn()
        turns += 1
      }
    })()
    const begun = performance.now()
    while (turns < 10 && performance.now() - begun < 10_000) await ask(store)
    isDone = true
    await others
    expect(turns).toBeGreaterThanOrEqual(10)
  },
  30_000,
)

test('closing waits for them, and outside of its time the store has none', async () => {
  const store = await filled()
  const lists = Array.from({ length: 500 }, () => store.getRecentMessages(20))
  const closed = store.close()
  for (const list of await Promise.all(lists)) expect(list.length).toBe(20)
  await closed
  const config = { dataPath: newDirectory(), encryptionPassword: PASSWORD, autoBackup: false }
  for (const absent of [store, new StorageEngine(config)]) {
    for (const limit of [1, MANY]) {
      const message = 'StorageEngine not initialized'
      await expect(absent.getRecentMessages(limit)).rejects.toThrow(message)
      await expect(absent.getMessagesByPeer('al', limit)).rejects.toThrow(message)
    }
  }
})
