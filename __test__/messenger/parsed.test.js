// Messages of lists that were parsed before are copied. Nobody can tell a copy from what parsing would
// give, whatever was done to the list of before or to the store since; and what is kept for that stays
// small.

const { join } = require('node:path')
const { readAtOnce } = require('../../lib/messenger-lists.js')
const { nativeOptions } = require('../../lib/messenger-options.js')
const { ParsedMessages } = require('../../lib/messenger-parsed.js')
const { Vault } = require('../../lib/messenger-vault.js')
const { PASSWORD, cleanUp, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)

const deep = (depth) => (depth === 0 ? 'end' : { deeper: [deep(depth - 1)] })

/** What a message may have, by the name of the member. */
const MEMBERS = {
  special: { when: new Date(5), bytes: Buffer.from('x'), undefined: new Map([[undefined, 1n]]) },
  none: null,
  empty: {},
  list: [1, [2, { three: 3 }], null, 'four'],
  object: { a: { b: { c: [] } } },
  large: 1e300,
  text: 'é €\u0000"',
  shallow: deep(2),
  deep: deep(50),
}

function messages() {
  const all = Object.entries(MEMBERS).map(([name, value], n) => ({
    id: name,
    timestamp: n,
    sender: 'al',
    [name]: value,
  }))
  all.push(JSON.parse('{"id":"name","timestamp":50,"__proto__":{"sender":[{"__proto__":1}]}}'))
  all.push({ id: 'json', timestamp: 51, toJSON: () => ['only', { a: 'list' }] })
  all.push({ id: 'null', timestamp: 52, toJSON: () => null })
  all.push({ id: 'no object', timestamp: 53, toJSON: () => 'text' })
  return all
}

/** Changes everything that is in a value. */
function spoil(value) {
  if (typeof value !== 'object' || value === null) return
  for (const name of Object.keys(value)) {
    spoil(value[name])
    delete value[name]
  }
  value.spoilt = true
}

test('what is copied is what would be parsed', async () => {
  const store = await openStore()
  for (const message of messages()) await store.saveMessage(message)
  const ids = messages().map(({ id }) => id)
  const parsed = await Promise.all(ids.reverse().map((id) => store.getMessage(id)))
  for (let round = 0; round < 3; round++) {
    for (const list of [await store.getRecentMessages(), await store.getRecentMessages()]) {
      expect([...list]).toStrictEqual(parsed)
      expect(JSON.stringify(list.slice(0, -1))).toBe(JSON.stringify(parsed.slice(0, -1)))
      const name = list[ids.indexOf('name')]
      expect(Object.keys(name)).toEqual(['id', 'timestamp', '__proto__'])
      expect(Object.getPrototypeOf(name)).toBe(Object.prototype)
      for (const value of list) spoil(value)
    }
  }
})

test('a list shows what was changed since the one before', async () => {
  const store = await openStore()
  const save = (id, content) => store.saveMessage({ id, timestamp: 1, sender: 'al', content })
  const contents = async () => (await store.getMessagesByPeer('al')).map(({ content }) => content)
  for (const id of ['a', 'b', 'c']) await save(id, `${id}1`)
  expect(await contents()).toEqual(['c1', 'b1', 'a1'])
  const backup = await store.backup()
  await save('b', 'b2')
  expect(await contents()).toEqual(['c1', 'b2', 'a1'])
  await store.deleteMessage('c')
  expect(await contents()).toEqual(['b2', 'a1'])
  await store.rotateKey()
  expect(await contents()).toEqual(['b2', 'a1'])
  await store.restore(backup)
  expect(await contents()).toEqual(['c1', 'b1', 'a1'])
  await store.clearAllData()
  expect(await contents()).toEqual([])
  for (const id of ['x', 'y', 'z']) await save(id, `${id}1`)
  expect(await contents()).toEqual(['z1', 'y1', 'x1'])
}, 30_000)

test('only what was not parsed before comes as text', async () => {
  const root = join(newDirectory(), 'g3zkp-db')
  const options = nativeOptions({}, join(newDirectory(), 'backups'))
  const vault = await Vault.open(root, Buffer.from(PASSWORD), options, () => {})
  const save = (n) =>
    vault.change('test', (native) => native.saveMessage(`${n}`, n, 'al', 'bo', ` {"n":${n}}`))
  const parsed = new ParsedMessages()
  const asked = []
  /** The list, and what was asked for as text. */
  const list = (peer) => {
    asked.length = 0
    return vault.call('test', (native) => {
      const watched = { ready: (wanted) => asked.push([...wanted]) && native.ready(wanted) }
      return readAtOnce(watched, parsed, () => native.messagesAtOnce(peer, 10)).values
    })
  }
  for (const n of [1, 2, 3]) await save(n)
  expect([list('al'), asked]).toEqual([[{ n: 3 }, { n: 2 }, { n: 1 }], [[1, 1, 1]]])
  expect([list('bo'), asked]).toEqual([[{ n: 3 }, { n: 2 }, { n: 1 }], []])
  await save(4)
  expect([list('al'), asked]).toEqual([[4, 3, 2, 1].map((n) => ({ n })), [[1, 0, 0, 0]]])
  await vault.close()
})

test('what is kept is bounded, and the oldest goes first', () => {
  const parsed = new ParsedMessages(100)
  for (let n = 1; n <= 12; n++) parsed.keep(n, { n }, 10)
  const here = () => Array.from({ length: 20 }, (_, n) => n).filter((n) => parsed.copyOf(n))
  expect(here()).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  parsed.keep(13, { n: 13 }, 75)
  expect(here()).toEqual([11, 12, 13])
  parsed.keep(14, deep(20), 1)
  expect(here()).toEqual([11, 12, 13])
  parsed.keep(15, { n: 15 }, 101)
  expect(here()).toEqual([])
})
