// StorageEngine.

import { StorageEngine } from '../../index.mjs'

export const NAME = 'sigil-vault'
export const isThere = async () => true

export async function open(dataPath, durability) {
  const config = { dataPath, encryptionPassword: 'a password', autoBackup: false, durability }
  const store = new StorageEngine(config)
  await store.initialize()
  return {
    save: (message) => store.saveMessage(message),
    get: (id) => store.getMessage(id),
    byPeer: (peer) => store.getMessagesByPeer(peer),
    recent: () => store.getRecentMessages(),
    stats: () => store.getStats(),
    backup: () => store.backup(),
    close: () => store.close(),
  }
}
