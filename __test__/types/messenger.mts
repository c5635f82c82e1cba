// Guards the types of the messenger's storage: its call sites as the design has them, and what is
// refused.

import {
  type StorageConfig,
  StorageEncryption,
  StorageEngine,
  type StorageFault,
  type StorageStats,
} from 'sigil-vault'

const config: StorageConfig = { dataPath: './data', encryptionPassword: 'password' }
const storage = new StorageEngine({ ...config, autoBackup: true, backupInterval: 3_600_000 })
await storage.initialize()
await storage.saveMessage({ id: '1', sender: 'a', recipient: 'b', timestamp: Date.now() })
const message = await storage.getMessage('1')
const content: string = message?.content
const recent = await storage.getRecentMessages(100)
const older = await storage.getRecentMessages(100, { before: recent.cursor })
await storage.getMessagesByPeer('a', 50, { before: older.at(-1) })
await storage.getMessagesByPeer('a', 50, { before: new Date() })
await storage.saveSession('a', {
  key: new Uint8Array(32),
  map: new Map(),
  set: new Set([1]),
  big: 1n,
})
const sessions: Map<string, { key: Uint8Array }> = await storage.getAllSessions()
const stats: StorageStats = await storage.getStats()
await storage.restore(await storage.backup())
const { whole } = await storage.verify()
await storage.close()

new StorageEngine({
  ...config,
  kdf: { name: 'argon2id', memory: 65_536 },
  onFault: ({ code, ids }: StorageFault) => [code, ids],
  getEpoch: async () => 5,
  setEpoch: (epoch) => {
    epoch.toFixed()
  },
})

const encryption = new StorageEncryption()
await encryption.initialize('password', Buffer.alloc(64))
const text: string = encryption.decryptToString(encryption.encrypt('text'))

// @ts-expect-error a store needs a password
new StorageEngine({ dataPath: './data' })
// @ts-expect-error PBKDF2 has no lanes
new StorageEngine({ ...config, kdf: { name: 'pbkdf2', lanes: 2 } })
interface Received {
  id: string
  timestamp: Date
  attachments?: Buffer[]
}
const received: Received = { id: '2', timestamp: new Date() }
await storage.saveMessage(received)
await storage.saveMessage({ id: 3 })

// @ts-expect-error a message is an object
await storage.saveMessage('1')
// @ts-expect-error a message has an id
await storage.saveMessage({ sender: 'a', timestamp: 1 })
// @ts-expect-error an id is text or a number
await storage.saveMessage({ id: { text: '1' } })
// @ts-expect-error a message that is still awaited
await storage.saveMessage(storage.getMessage('1'))

export default [content, sessions, stats.lastBackup, whole, text]
