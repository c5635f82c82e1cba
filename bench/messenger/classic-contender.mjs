// What the messenger's design does, with its faults of speed left out: node:crypto, JSON and base64
// on classic-level, a message and its index entries in one batch, lists by index and `getMany`.

import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'

export const NAME = 'node:crypto + classic-level'
export const isThere = async () => true

const SALT = Buffer.alloc(64, 7)

function encrypt(key, text) {
  const nonce = randomBytes(16)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64')
}

function decrypt(key, text) {
  const bytes = Buffer.from(text, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 16))
  decipher.setAuthTag(bytes.subarray(16, 32))
  return Buffer.concat([decipher.update(bytes.subarray(32)), decipher.final()]).toString('utf8')
}

export async function open(directory, durability) {
  const key = pbkdf2Sync('a password', SALT, 100_000, 32, 'sha512')
  const db = new ClassicLevel(join(directory, 'db'))
  await db.open()
  const sync = durability === 'sync'

  async function list(prefix, limit) {
    const range = { gte: prefix, lt: `${prefix}\xff`, limit, reverse: true }
    const ids = await db.values(range).all()
    const texts = await db.getMany(ids.map((id) => `msg:${id}`))
    return texts.map((text) => JSON.parse(decrypt(key, text)))
  }

  return {
    save(message) {
      const { id, sender, recipient, timestamp } = message
      const time = String(timestamp).padStart(20, '0')
      const put = (at, value) => ({ type: 'put', key: at, value })
      const batch = [
        put(`msg:${id}`, encrypt(key, JSON.stringify(message))),
        put(`idx:peer:${sender}:${time}:${id}`, id),
        put(`idx:peer:${recipient}:${time}:${id}`, id),
        put(`idx:time:${time}:${id}`, id),
      ]
      return db.batch(batch, { sync })
    },
    get: async (id) => JSON.parse(decrypt(key, await db.get(`msg:${id}`))),
    byPeer: (peer) => list(`idx:peer:${peer}:`, 50),
    recent: () => list('idx:time:', 100),
    async stats() {
      let count = 0
      for await (const _ of db.keys({ gte: 'msg:', lt: 'msg:\xff' })) count += 1
      return count
    },
    async backup(path) {
      const messages = await db.iterator({ gte: 'msg:', lt: 'msg:\xff' }).all()
      writeFileSync(path, encrypt(key, JSON.stringify({ version: '1.0', messages })))
    },
    close: () => db.close(),
  }
}
