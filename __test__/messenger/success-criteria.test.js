// Phase 1C's success criteria, each across a real restart in a new process.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { existsSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { PASSWORD, cleanUp, inNewProcess, newDirectory, openStore, root } = require('./helpers.js')

afterEach(cleanUp)

const FILL = `
  for (let n = 0; n < 60; n++)
    await store.saveMessage({ id: 'm' + n, sender: 'alice', recipient: 'p' + (n % 3),
      timestamp: 1000 + n, content: 'text ' + n })
  await store.saveSession('alice', { chain: [1, 2], open: true })
  await store.saveSession('bob', { chain: [] })
  await store.saveProof('proof 1', { pi: ['1', '2'], ok: true })
  await store.savePeer('alice', { name: 'Alice' })
  await store.savePeer('bob', null)`

test('the database initializes, where the design says', async () => {
  const dataPath = join(newDirectory(), 'not', 'there', 'yet')
  await openStore(dataPath)
  expect(existsSync(join(dataPath, 'g3zkp-db'))).toBe(true)
})

test('messages persist across restarts', () => {
  const dataPath = newDirectory()
  inNewProcess(dataPath, FILL)
  const found = inNewProcess(
    dataPath,
    `return { one: await store.getMessage('m7'), none: await store.getMessage('m99'),
      recent: (await store.getRecentMessages()).map((m) => m.id), few: await store.getRecentMessages(2),
      peer: (await store.getMessagesByPeer('p1')).map((m) => m.id),
      all: (await store.getMessagesByPeer('alice')).length }`,
  )
  expect(found.one).toEqual({
    id: 'm7',
    sender: 'alice',
    recipient: 'p1',
    timestamp: 1007,
    content: 'text 7',
  })
  expect(found.none).toBeNull()
  expect(found.recent).toEqual(Array.from({ length: 60 }, (_, n) => `m${59 - n}`))
  expect(found.few.map(({ id }) => id)).toEqual(['m59', 'm58'])
  expect(found.peer).toEqual(Array.from({ length: 20 }, (_, n) => `m${58 - 3 * n}`))
  expect(found.all).toBe(50)
})

test('sessions, proofs and peers persist across restarts', () => {
  const dataPath = newDirectory()
  inNewProcess(dataPath, FILL)
  inNewProcess(dataPath, `await store.deleteSession('bob')`)
  const found = inNewProcess(
    dataPath,
    `return [await store.getSession('alice'), await store.getSession('bob'),
      [...await store.getAllSessions()], await store.getProof('proof 1'), await store.getProof('2'),
      await store.getPeer('alice'), await store.getPeer('bob'), [...await store.getAllPeers()],
      await store.getStats()]`,
  )
  const alice = { chain: [1, 2], open: true }
  expect(found.slice(0, 8)).toEqual([
    alice,
    null,
    [['alice', alice]],
    { pi: ['1', '2'], ok: true },
    null,
    { name: 'Alice' },
    null,
    [
      ['alice', { name: 'Alice' }],
      ['bob', null],
    ],
  ])
  expect(found[8]).toMatchObject({ messageCount: 60, sessionCount: 1, proofCount: 1, peerCount: 2 })
  expect(found[8].totalSize).toBeGreaterThan(5_000)
})

test('restore from a backup works, in another process and on another machine', () => {
  const [dataPath, elsewhere] = [newDirectory(), newDirectory()]
  const path = inNewProcess(dataPath, `${FILL}; return store.backup()`)
  inNewProcess(dataPath, `await store.deleteMessage('m7'); await store.saveMessage({ id: 'x' })`)
  for (const place of [dataPath, elsewhere]) {
    inNewProcess(place, `await store.restore(${JSON.stringify(path)})`)
    const found = inNewProcess(
      place,
      `return [await store.getMessage('m7'), await store.getMessage('x'), await store.getStats(),
        (await store.getMessagesByPeer('p1')).length, await store.verify()]`,
    )
    expect(found[0].content).toBe('text 7')
    expect(found[1]).toBeNull()
    expect(found[2]).toMatchObject({ messageCount: 60, sessionCount: 2, peerCount: 2 })
    expect(found[3]).toBe(20)
    expect(found[4].whole).toBe(true)
  }
})

test('automatic backups work, and stop with the store', async () => {
  const dataPath = newDirectory()
  const faults = []
  const config = { autoBackup: true, backupInterval: 20, keepBackups: 2 }
  const store = await openStore(dataPath, { ...config, onFault: (fault) => faults.push(fault) })
  await store.saveMessage({ id: '1' })
  while (store.getMetrics().backupsMade < 4) await new Promise((resolve) => setTimeout(resolve, 10))
  await store.close()
  const names = readdirSync(join(dataPath, 'backups'))
  expect(names).toHaveLength(2)
  expect(names.every((name) => /^backup-\d{13}\.json$/.test(name))).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(readdirSync(join(dataPath, 'backups'))).toEqual(names)
  expect(faults).toEqual([])
  expect(restoredInNewProcess(dataPath, names)).toEqual(names.map(() => [1, { id: '1' }]))
})

test('automatic backups are whole after kill -9', async () => {
  const dataPath = newDirectory()
  const code = `
    const { StorageEngine } = require('sigil-vault')
    const config = { dataPath: ${JSON.stringify(dataPath)}, encryptionPassword:
      ${JSON.stringify(PASSWORD)}, autoBackup: true, backupInterval: 5, keepBackups: 3 }
    const store = new StorageEngine(config)
    store.initialize().then(() => store.saveMessage({ id: '1' })).then(() => {
      const before = store.getMetrics().backupsMade
      setInterval(() => console.log(store.getMetrics().backupsMade - before), 5)
    })`
  const child = spawn(process.execPath, ['--eval', code], { cwd: root })
  let made = ''
  for await (const text of child.stdout) {
    made += text
    if (Number(made.trimEnd().split('\n').at(-1)) >= 4) break
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  // One may have begun before the message was saved; the newest of four has it.
  const names = readdirSync(join(dataPath, 'backups')).filter((name) =>
    /^backup-\d+\.json$/.test(name),
  )
  expect(names.length).toBeGreaterThanOrEqual(3)
  const newest = names.sort().slice(-1)
  expect(restoredInNewProcess(dataPath, newest)).toEqual([[1, { id: '1' }]])
  const store = await openStore(dataPath)
  for (const name of names) await store.verifyBackup(join(dataPath, 'backups', name))
})

/** What each backup says that it has, and what is there when it was restored. */
function restoredInNewProcess(dataPath, names) {
  const paths = names.map((name) => join(dataPath, 'backups', name))
  return inNewProcess(
    dataPath,
    `const found = []
    for (const path of ${JSON.stringify(paths)}) {
      const { messages } = await store.verifyBackup(path)
      await store.clearAllData()
      await store.restore(path)
      found.push([messages, await store.getMessage('1')])
    }
    return found`,
  )
}
