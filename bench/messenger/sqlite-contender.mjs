// SQLite with encryption: one table, write-ahead log, statements prepared once.

import { join } from 'node:path'

export const NAME = 'better-sqlite3-multiple-ciphers'

const load = () => import('better-sqlite3-multiple-ciphers').catch(() => undefined)
export const isThere = async () => (await load()) !== undefined

export async function open(directory, durability) {
  const { default: Database } = await load()
  const db = new Database(join(directory, 'messages.db'))
  db.pragma(`key = 'a password'`)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${durability === 'sync' ? 'FULL' : 'NORMAL'}`)
  db.exec(`
    CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, peer TEXT, time INTEGER, body TEXT);
    CREATE INDEX IF NOT EXISTS by_peer ON messages (peer, time);
    CREATE INDEX IF NOT EXISTS by_time ON messages (time)`)
  const save = db.prepare('INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)')
  const get = db.prepare('SELECT body FROM messages WHERE id = ?').pluck()
  const newest = 'ORDER BY time DESC LIMIT'
  const byPeer = db.prepare(`SELECT body FROM messages WHERE peer = ? ${newest} 50`).pluck()
  const recent = db.prepare(`SELECT body FROM messages ${newest} 100`).pluck()
  const count = db.prepare('SELECT count(*) FROM messages').pluck()
  const parsed = (bodies) => bodies.map((body) => JSON.parse(body))
  return {
    async save(message) {
      const { id, sender, recipient, timestamp } = message
      const peer = sender === 'me' ? recipient : sender
      save.run(id, peer, timestamp, JSON.stringify(message))
    },
    get: async (id) => JSON.parse(get.get(id)),
    byPeer: async (peer) => parsed(byPeer.all(peer)),
    recent: async () => parsed(recent.all()),
    stats: async () => count.get(),
    backup: async (path) => db.exec(`VACUUM INTO '${path}'`),
    close: async () => db.close(),
  }
}
