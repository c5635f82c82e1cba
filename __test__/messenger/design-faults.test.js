// The faults of the messenger's first design, by their numbers in its contract. Each of these fails
// with the design as it was written.

const { spawnSync } = require('node:child_process')
const { readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { inspect } = require('node:util')
const { Level, StorageEngine } = require('sigil-vault')
const { cleanUp, filesIn, inNewProcess, newDirectory, openStore, root } = require('./helpers.js')

afterEach(cleanUp)

const ids = (messages) => messages.map(({ id }) => id)

test('1: what was written before a restart can be decrypted after it', () => {
  const dataPath = newDirectory()
  inNewProcess(dataPath, `await store.saveMessage({ id: '1', text: 'kept' })`)
  expect(inNewProcess(dataPath, `return store.getMessage('1')`)).toEqual({ id: '1', text: 'kept' })
})

// secrecy.test.js looks for what is in every field of every kind.
test('2: nothing that names a message, a peer, a session or a proof stands in a file', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await store.saveMessage({ id: 'message-name', sender: 'sender-name', recipient: 'other-name' })
  await store.saveSession('session-name', {})
  await store.saveProof('proof-name', {})
  await store.savePeer('peer-name', {})
  await store.backup()
  await store.close()
  const files = filesIn(dataPath)
  expect(files.length).toBeGreaterThan(6)
  for (const { bytes } of files) expect(bytes.includes('-name')).toBe(false)
})

test('3: a ciphertext that is moved to another place is not decrypted there', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await store.saveSession('alice', { who: 'alice' })
  await store.saveSession('bob', { who: 'bob' })
  await store.close()
  const level = new Level(join(dataPath, 'g3zkp-db', 'data-1'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  const sessions = await level.iterator({ gte: Buffer.from('s'), lt: Buffer.from('t') }).all()
  expect(sessions).toHaveLength(2)
  await level.put(sessions[0][0], sessions[1][1])
  await level.put(sessions[1][0], sessions[0][1])
  await level.close()
  const faults = []
  const again = await openStore(dataPath, { onFault: (fault) => faults.push(fault) })
  for (const peer of ['alice', 'bob']) {
    await expect(again.getSession(peer)).rejects.toMatchObject({
      name: 'StorageError',
      code: 'RECORD_UNREADABLE',
    })
  }
  expect(await again.getAllSessions()).toEqual(new Map())
  await new Promise(setImmediate)
  expect(faults).toMatchObject([
    { fault: 'unreadable', kind: 'session', ids: ['alice', 'bob'], count: 2 },
  ])
})

test('4: recent messages are by time', async () => {
  const store = await openStore()
  for (const [id, timestamp] of [
    ['z', 1],
    ['a', 3],
    ['m', 2],
  ])
    await store.saveMessage({ id, timestamp })
  expect(ids(await store.getRecentMessages())).toEqual(['a', 'm', 'z'])
})

test('5: the same peer and millisecond', async () => {
  const store = await openStore()
  await Promise.all(
    ['1', '2', '3'].map((id) => store.saveMessage({ id, sender: 'a', timestamp: 5 })),
  )
  expect(ids(await store.getMessagesByPeer('a'))).toEqual(['3', '2', '1'])
})

test('6: a message and its index entries are one batch', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  const data = join(dataPath, 'g3zkp-db', 'data-1')
  const log = readdirSync(data).find((name) => name.endsWith('.log'))
  const empty = readFileSync(join(data, log)).length
  await store.saveMessage({ id: '1', sender: 'a', recipient: 'b', timestamp: 1 })
  await store.close()
  // A crash leaves some first part of the log: the message with everything, or nothing of it. What
  // was synced when the store was made is never taken by one.
  const whole = readFileSync(join(data, log))
  expect(whole.length).toBeGreaterThan(empty + 100)
  const keys = filesIn(dataPath)
  for (let length = whole.length; length >= empty; length -= 29) {
    for (const { path, bytes } of keys) writeFileSync(path, bytes)
    writeFileSync(join(data, log), whole.subarray(0, length))
    const half = await openStore(dataPath)
    const counts = [
      (await half.getStats()).messageCount,
      (await half.getRecentMessages()).length,
      (await half.getMessagesByPeer('a')).length,
      (await half.getMessagesByPeer('b')).length,
      (await half.getMessage('1')) === null ? 0 : 1,
    ]
    expect(new Set(counts).size).toBe(1)
    await half.close()
    for (const { path } of filesIn(data)) rmSync(path)
  }
  // A key is derived for every cut.
}, 60_000)

test('7: saving again leaves no stale entry, and none shortens the answer', async () => {
  const store = await openStore()
  for (let n = 0; n < 5; n++)
    await store.saveMessage({ id: `${n}`, sender: 'a', recipient: 'b', timestamp: n })
  await store.saveMessage({ id: '4', sender: 'c', recipient: 'd', timestamp: 0.5 })
  await store.deleteMessage('3')
  expect(ids(await store.getMessagesByPeer('a', 2))).toEqual(['2', '1'])
  expect(ids(await store.getRecentMessages(3))).toEqual(['2', '1', '4'])
  expect(ids(await store.getMessagesByPeer('d'))).toEqual(['4'])
  expect((await store.verify()).whole).toBe(true)
})

test('8: a message without a timestamp leaves nothing when it is deleted', async () => {
  const store = await openStore()
  await store.saveMessage({ id: '1', sender: 'a' })
  await new Promise((resolve) => setTimeout(resolve, 5))
  await store.deleteMessage('1')
  expect(await store.getMessagesByPeer('a')).toEqual([])
  expect((await store.verify()).whole).toBe(true)
})

test('9: a backup that cannot be read restores nothing and takes nothing', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await store.saveMessage({ id: '1', sender: 'a', timestamp: 1 })
  const path = await store.backup()
  await store.saveMessage({ id: '2', sender: 'a', timestamp: 2 })
  const bytes = readFileSync(path)
  for (const index of [0, 9, 30, 60, 75, 85, 100, 140, bytes.length - 40, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[index] ^= 1
    writeFileSync(path, changed)
    await expect(store.restore(path)).rejects.toMatchObject({
      code: expect.stringMatching(/^(BACKUP_DAMAGED|FORMAT_UNSUPPORTED)$/),
    })
  }
  writeFileSync(path, '{"version":"1.0"}')
  await expect(store.restore(path)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' })
  await expect(store.restore(join(dataPath, 'none'))).rejects.toMatchObject({ errno: 2 })
  expect(ids(await store.getMessagesByPeer('a'))).toEqual(['2', '1'])
  writeFileSync(path, bytes)
  await store.restore(path)
  expect(ids(await store.getMessagesByPeer('a'))).toEqual(['1'])
  expect(await store.getStats()).toMatchObject({ messageCount: 1, lastBackup: expect.any(Number) })
})

test('10: another process decrypts a backup', () => {
  const dataPath = newDirectory()
  const path = inNewProcess(dataPath, `await store.savePeer('a', 1); return store.backup()`)
  const report = inNewProcess(dataPath, `return store.verifyBackup(${JSON.stringify(path)})`)
  expect(report).toMatchObject({ peers: 1, messages: 0, skipped: 0 })
})

test('11: backups do not pile up', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath, { keepBackups: 3 })
  const made = []
  for (let n = 0; n < 6; n++) made.push(await store.backup())
  const kept = readdirSync(join(dataPath, 'backups')).map((name) => join(dataPath, 'backups', name))
  expect(kept.sort()).toEqual(made.slice(3).sort())
})

test('12: sizes and counts are exact', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  for (let n = 0; n < 50; n++)
    await store.saveMessage({ id: `${n % 40}`, content: 'x'.repeat(999) })
  const sum = () =>
    filesIn(join(dataPath, 'g3zkp-db')).reduce((total, { bytes }) => total + bytes.length, 0)
  const { messageCount, totalSize } = await store.getStats()
  expect({ messageCount, totalSize }).toEqual({ messageCount: 40, totalSize: sum() })
  expect(totalSize).toBeGreaterThan(10_000)
})

test('13: a wrong password is an error of its own at once, and changes nothing', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await store.saveMessage({ id: '1' })
  await store.close()
  const before = filesIn(dataPath)
  const wrong = new StorageEngine({ dataPath, encryptionPassword: 'wrong', autoBackup: false })
  await expect(wrong.initialize()).rejects.toMatchObject({
    name: 'StorageError',
    code: 'KEY_WRONG',
    operation: 'initialize',
  })
  await expect(wrong.getMessage('1')).rejects.toThrow('StorageEngine not initialized')
  expect(filesIn(dataPath)).toEqual(before)
})

test('14: the key is derived slowly, and a peer id as password is warned of once', async () => {
  const faults = []
  const peer = '12D3KooWGBfKT4nGTLSDZkuQSGf8k7ytMTvFyJtaUQCMAUjaWpQg'
  const config = { encryptionPassword: peer, onFault: (fault) => faults.push(fault) }
  const [first, second] = [newDirectory(), newDirectory()]
  await openStore(first, config)
  await openStore(second, config)
  expect(faults).toEqual([
    { fault: 'weakPassword', code: 'KEY_WEAK', message: expect.not.stringContaining(peer) },
  ])
  const header = readFileSync(join(first, 'g3zkp-db', 'keys-a'))
  expect(header.readUInt8(34)).toBe(1)
  expect(header.readUInt32LE(35)).toBeGreaterThanOrEqual(210_000)
  const weak = {
    dataPath: first,
    encryptionPassword: peer,
    kdf: { name: 'pbkdf2', rounds: 99_999 },
  }
  expect(() => new StorageEngine(weak)).toThrow(
    expect.objectContaining({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining('210000'),
    }),
  )
})

// memory.test.js looks for it, and for the keys, in the memory of the process.
test('15: the password is in nothing that can be looked at, nor in the way to an error', async () => {
  const dataPath = newDirectory()
  const config = { dataPath, encryptionPassword: 'the very secret password', autoBackup: false }
  const store = new StorageEngine(config)
  const look = () => inspect(store, { depth: 9, showHidden: true }) + JSON.stringify(store)
  expect(look()).not.toContain('secret')
  await store.initialize()
  expect(look()).not.toContain('secret')
  await store.close()
  const other = new StorageEngine({ ...config, encryptionPassword: 'another secret' })
  const error = await other.initialize().catch((thrown) => thrown)
  const text = inspect(error, { depth: 9, showHidden: true }) + error.stack + JSON.stringify(error)
  expect(text).not.toContain('secret')
  // It was forgotten.
  await expect(store.initialize()).rejects.toMatchObject({ code: 'NOT_INITIALIZED' })
})

test('16: nothing is printed', () => {
  const code = `
    const { StorageEngine } = require('sigil-vault')
    const store = new StorageEngine({ dataPath: ${JSON.stringify(newDirectory())},
      encryptionPassword: 'x', backupInterval: 10 })
    store.initialize().then(async () => {
      await store.saveMessage({ id: '1', sender: 'a' })
      await store.saveSession('a', {})
      await store.restore(await store.backup())
      await store.restore('none').catch(() => {})
      await store.deleteMessage('1')
      await store.clearAllData()
      await new Promise((resolve) => setTimeout(resolve, 30))
      await store.close()
    })`
  const ended = spawnSync(process.execPath, ['--eval', code], { cwd: root, encoding: 'utf8' })
  expect(ended).toMatchObject({ status: 0, stdout: '', stderr: '' })
})
