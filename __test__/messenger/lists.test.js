// Lists with values that this version does not know, or with more of them than a text can have: what
// can be given is given.

const { join } = require('node:path')
const { nativeOptions } = require('../../lib/messenger-options.js')
const { Vault } = require('../../lib/messenger-vault.js')
const { PASSWORD, cleanUp, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)

const FOREIGN = ['\n{"$later":1}', ' {"cut', '\n{"$bigint":"x"}']

/** A directory with what a later version, or a broken one, has written among the others. */
async function withForeignValues() {
  const dataPath = newDirectory()
  const options = nativeOptions({}, join(dataPath, 'backups'))
  const vault = await Vault.open(
    join(dataPath, 'g3zkp-db'),
    Buffer.from(PASSWORD),
    options,
    () => {},
  )
  const save = (id, text) =>
    vault.change('test', (native) => native.saveMessage(`m${id}`, id, 'al', 'bo', text))
  for (let id = 0; id < 3; id++) {
    await save(id, ` {"id":"m${id}"}`)
    await save(10 + id, FOREIGN[id])
    await vault.change('test', (native) => native.saveItem(1, `s${id}`, `\n{"$bigint":"${id}"}`))
    await vault.change('test', (native) => native.saveItem(1, `f${id}`, FOREIGN[id]))
  }
  await vault.close()
  return dataPath
}

test('a value that cannot be read is left out and named', async () => {
  const faults = []
  const store = await openStore(await withForeignValues(), {
    onFault: (fault) => faults.push(fault),
  })
  const readable = [{ id: 'm2' }, { id: 'm1' }, { id: 'm0' }]
  expect([...(await store.getRecentMessages())]).toEqual(readable)
  expect([...(await store.getMessagesByPeer('bo'))]).toEqual(readable)
  const sessions = await store.getAllSessions()
  expect([...sessions]).toEqual([0n, 1n, 2n].map((value) => [`s${value}`, value]))
  const lost = ['m12', 'm11', 'm10']
  expect(faults).toMatchObject([
    { fault: 'unreadable', code: 'RECORD_UNREADABLE', kind: 'message', ids: lost, count: 3 },
    { fault: 'unreadable', code: 'RECORD_UNREADABLE', kind: 'message', ids: lost, count: 3 },
    { fault: 'unreadable', code: 'RECORD_UNREADABLE', kind: 'session', ids: ['f0', 'f1', 'f2'] },
  ])
  await expect(store.getMessage('m10')).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
  const found = await store.verify()
  expect(found.whole).toBe(false)
  expect(found.unreadable.map(({ id }) => id)).toEqual([...lost, 'f0', 'f1', 'f2'])
})

test('a listener that fails later is no concern of the store', async () => {
  const heard = []
  const unhandled = (error) => heard.push(error)
  process.on('unhandledRejection', unhandled)
  const onFault = async () => {
    heard.push('told')
    throw new Error('of the host')
  }
  const store = await openStore(await withForeignValues(), { onFault })
  await store.getRecentMessages()
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', unhandled)
  expect(heard).toEqual(['told'])
})

test('a sender that is no text is what a template makes of it, or nobody', async () => {
  const store = await openStore()
  const senders = [false, 0, Number.NaN, '', null, 5n, true, 7]
  for (const [timestamp, sender] of senders.entries()) {
    await store.saveMessage({ id: `${timestamp}`, timestamp, sender })
  }
  expect((await store.getRecentMessages()).map(({ sender }) => sender)).toHaveLength(8)
  for (const [peer, id] of [
    ['5', '5'],
    ['true', '6'],
    ['7', '7'],
  ]) {
    expect((await store.getMessagesByPeer(peer)).map((message) => message.id)).toEqual([id])
  }
  expect([...(await store.getMessagesByPeer('false'))]).toEqual([])
})

test('a page with nothing but unreadable values leads to the next', async () => {
  const store = await openStore(await withForeignValues())
  const page = await store.getRecentMessages(3)
  expect([...page]).toEqual([])
  const next = await store.getRecentMessages(10, { before: page.cursor })
  expect(next.map(({ id }) => id)).toEqual(['m2', 'm1', 'm0'])
})

test('a list may be longer than any text', async () => {
  const store = await openStore()
  const content = 'x'.repeat(31 << 20)
  for (let id = 0; id < 17; id++) await store.saveMessage({ id: `${id}`, timestamp: id, content })
  await store.saveMessage({ id: 'last', timestamp: 100, big: 1n })
  const all = await store.getRecentMessages()
  expect(all.length).toBe(18)
  expect(all[0]).toEqual({ id: 'last', timestamp: 100, big: 1n })
  expect(all.every(({ content: found }, at) => at === 0 || found.length === content.length)).toBe(
    true,
  )
}, 60_000)
