// Passwords, keys and epochs through the public API.

const { randomBytes } = require('node:crypto')
const { cpSync, rmSync } = require('node:fs')
const { join } = require('node:path')
const { StorageEngine } = require('sigil-vault')
const { PASSWORD, cleanUp, inNewProcess, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)

test('the password is changed, and the old one is wrong in a new process', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath, { encryptionPassword: 'before' })
  await store.saveMessage({ id: '1' })
  const wrong = { code: 'KEY_WRONG', operation: 'changePassword' }
  await expect(store.changePassword('wrong', 'x')).rejects.toMatchObject(wrong)
  for (const none of [undefined, '', 5]) {
    await expect(store.changePassword('before', none)).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
    })
  }
  await store.changePassword('before', PASSWORD)
  await store.saveMessage({ id: '2' })
  await store.close()
  const old = new StorageEngine({ dataPath, encryptionPassword: 'before' })
  await expect(old.initialize()).rejects.toMatchObject({ code: 'KEY_WRONG' })
  expect(inNewProcess(dataPath, `return (await store.getRecentMessages()).length`)).toBe(2)
})

test('keys are changed while the store is in use, and a new process reads everything', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  const save = (n) => store.saveMessage({ id: `${n}`, sender: 'a', timestamp: n })
  await Promise.all(Array.from({ length: 500 }, (_, n) => save(n)))
  const rotation = store.rotateKey()
  await Promise.all(Array.from({ length: 200 }, (_, n) => save(n + 500)))
  expect(await store.getMessage('3')).toMatchObject({ id: '3' })
  await rotation
  expect(store.getMetrics().resealed).toBeGreaterThan(500)
  await store.close()
  const found = inNewProcess(
    dataPath,
    `return [(await store.getMessagesByPeer('a', Infinity)).length, (await store.verify()).whole]`,
  )
  expect(found).toEqual([700, true])
})

test('Argon2id by option', async () => {
  const dataPath = newDirectory()
  const kdf = { name: 'argon2id', memory: 19_456, passes: 2, lanes: 1 }
  const store = await openStore(dataPath, { kdf })
  await store.savePeer('a', 1)
  await store.close()
  expect(inNewProcess(dataPath, `return store.getPeer('a')`)).toBe(1)
})

test('a backup of an older password is restored with it', async () => {
  const store = await openStore(undefined, { encryptionPassword: 'before' })
  await store.savePeer('a', 1)
  const path = await store.backup()
  await store.changePassword('before', 'after')
  await store.savePeer('a', 2)
  await expect(store.restore(path)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  await expect(store.verifyBackup(path)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  expect(await store.verifyBackup(path, { password: 'before' })).toMatchObject({ peers: 1 })
  await store.restore(path, { password: 'before' })
  expect(await store.getPeer('a')).toBe(1)
})

test('an old copy of the directory is told by the counter of the host', async () => {
  const dataPath = newDirectory()
  let counter
  const host = {
    getEpoch: async () => counter,
    setEpoch: async (epoch) => {
      counter = epoch
    },
  }
  const first = await openStore(dataPath, host)
  await first.saveMessage({ id: '1' })
  await first.close()
  const copy = join(newDirectory(), 'copy')
  cpSync(dataPath, copy, { recursive: true })
  const second = await openStore(dataPath, host)
  await second.deleteMessage('1')
  await second.close()
  rmSync(dataPath, { recursive: true })
  cpSync(copy, dataPath, { recursive: true })
  const back = new StorageEngine({ dataPath, encryptionPassword: PASSWORD, ...host })
  await expect(back.initialize()).rejects.toMatchObject({ code: 'STORE_ROLLED_BACK' })
  await back.close()
  // A host that cannot remember must not be told that all is well.
  const forgetful = {
    ...host,
    getEpoch: () => 0,
    setEpoch: () => Promise.reject(new Error('full')),
  }
  const third = new StorageEngine({ dataPath, encryptionPassword: PASSWORD, ...forgetful })
  await expect(third.initialize()).rejects.toMatchObject({ cause: { message: 'full' } })
  await third.close()
  await openStore(dataPath)
})

test('clearing and purging', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  // Incompressible, so that what is left of it can be told from the size.
  const content = () => randomBytes(10_000).toString('base64')
  const ids = Array.from({ length: 200 }, (_, n) => `${n}`)
  await Promise.all(ids.map((id) => store.saveMessage({ id, content: content() })))
  await Promise.all(ids.slice(1).map((id) => store.deleteMessage(id)))
  expect((await store.getStats()).totalSize).toBeGreaterThan(1 << 20)
  await store.purge()
  expect((await store.getStats()).totalSize).toBeLessThan(100_000)
  await store.clearAllData()
  const none = { messageCount: 0, sessionCount: 0, proofCount: 0, peerCount: 0 }
  expect(await store.getStats()).toMatchObject(none)
  await store.saveMessage({ id: 'after' })
  await store.close()
  const rest = inNewProcess(dataPath, `return store.getRecentMessages()`)
  expect(rest).toEqual([{ id: 'after' }])
})

test('passwords and options that nobody can mean are refused', async () => {
  const store = await openStore()
  const invalid = { code: 'INVALID_PARAMETERS' }
  await expect(store.verifyBackup('a', null)).rejects.toMatchObject(invalid)
  await expect(store.restore('a', null)).rejects.toMatchObject(invalid)
  await expect(store.changePassword(PASSWORD, 'lone \ud800')).rejects.toMatchObject(invalid)
  await expect(openStore(undefined, { encryptionPassword: 'lone \ud800' })).rejects.toMatchObject(
    invalid,
  )
  await expect(openStore(undefined, { rotateAfter: 2 ** 32 })).rejects.toMatchObject(invalid)
})
