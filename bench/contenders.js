// Who is measured, each behind the same few calls. All of them take and give records, so that the
// cost of JSON is in every figure, and all run with their defaults, except where the name says
// otherwise.

import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/**
 * @typedef {object} Store
 * @property {(id: string, record: object) => Promise<unknown>} put
 * @property {(id: string, record: object) => Promise<unknown>} [putDurable]
 * @property {(id: string) => Promise<object>} get
 * @property {() => Promise<object[]>} all
 * @property {(entries: [string, object][]) => Promise<unknown>} batch
 * @property {() => Promise<unknown>} close
 */

/** @type {Record<string, (directory: string) => Promise<Store>>} */
export const contenders = {
  /** Records as they are, named by symbol and hash. */
  async adapter(directory) {
    const { LevelDBSigilAdapter } = require('../index.js')
    const store = new LevelDBSigilAdapter(directory)
    // Shares the database of the first; only what its writes survive is another thing.
    const durable = new LevelDBSigilAdapter(directory, { durability: 'sync' })
    await Promise.all([store.open(), durable.open()])
    return {
      put: (id, record) => store.setSigilRecord(id, HASH, record),
      putDurable: (id, record) => durable.setSigilRecord(id, HASH, record),
      get: (id) => store.getSigilRecord(id, HASH),
      all: () => store.allSigilRecords(),
      batch: (entries) =>
        store.db.batch(
          entries.map(([key, record]) => ({ type: 'put', key, value: JSON.stringify(record) })),
        ),
      close: () => Promise.all([store.close(), durable.close()]),
    }
  },

  /** A tenant's records, which say whose they are and when they were written. */
  async 'adapter, tenant'(directory) {
    const { LevelDBSigilAdapter } = require('../index.js')
    const store = new LevelDBSigilAdapter(directory)
    await store.open()
    const durable = { durability: 'sync' }
    return {
      put: (id, record) => store.setSigilRecord(TENANT, id, HASH, record),
      putDurable: (id, record) => store.setSigilRecord(TENANT, id, HASH, record, durable),
      get: (id) => store.getSigilRecord(TENANT, id, HASH),
      all: () => store.allSigilRecords(TENANT),
      batch: (entries) => store.batch(entries.map(toPut)),
      close: () => store.close(),
    }
  },

  async Level(directory) {
    const { Level } = require('../index.js')
    return level(new Level(directory, { valueEncoding: 'json' }))
  },

  async 'classic-level'(directory) {
    const { ClassicLevel } = require('classic-level')
    return level(new ClassicLevel(directory, { valueEncoding: 'json' }))
  },

  async lmdb(directory) {
    const { open } = require('lmdb')
    return lmdb(open({ path: directory, encoding: 'json' }), true)
  },

  async 'lmdb, noSync'(directory) {
    const { open } = require('lmdb')
    return lmdb(open({ path: directory, encoding: 'json', noSync: true }), false)
  },

  async 'better-sqlite3'(directory) {
    return sqlite(directory, 'NORMAL')
  },

  async 'better-sqlite3, FULL'(directory) {
    return sqlite(directory, 'FULL')
  },

  /** What a store that answers with promises and keeps JSON can reach at best. */
  async Map() {
    const map = new Map()
    return {
      put: async (id, record) => void map.set(id, JSON.stringify(record)),
      get: async (id) => JSON.parse(map.get(id)),
      all: async () => Array.from(map.values(), (text) => JSON.parse(text)),
      batch: async (entries) => {
        for (const [id, record] of entries) map.set(id, JSON.stringify(record))
      },
      close: async () => map.clear(),
    }
  },
}

/** What a contender's first call would load, so that opening can be timed apart from it. */
export function loadPackage(name) {
  const ours = name === 'Level' || name.startsWith('adapter')
  const named = name.split(',')[0]
  if (named !== 'Map') require(ours ? '../index.js' : named)
}

const HASH = 'a3f1c2d4'
const TENANT = 'acme'

function toPut([sigilId, record]) {
  return { type: 'put', tenantId: TENANT, sigilId, authHash: HASH, record }
}

async function level(db) {
  await db.open()
  return {
    put: (id, record) => db.put(id, record),
    putDurable: (id, record) => db.put(id, record, { sync: true }),
    get: (id) => db.get(id),
    all: () => db.values().all(),
    batch: (entries) => db.batch(entries.map(([key, value]) => ({ type: 'put', key, value }))),
    close: () => db.close(),
  }
}

function lmdb(db, durable) {
  const put = (id, record) => db.put(id, record)
  return {
    put,
    putDurable: durable ? (id, record) => put(id, record).then(() => db.flushed) : undefined,
    get: async (id) => db.get(id),
    all: async () => Array.from(db.getRange(), ({ value }) => value),
    batch: (entries) =>
      db.transaction(() => {
        for (const [id, record] of entries) db.put(id, record)
      }),
    close: () => db.close(),
  }
}

function sqlite(directory, synchronous) {
  const db = new (require('better-sqlite3'))(join(directory, 'records.db'))
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  db.exec('CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, record TEXT) WITHOUT ROWID')
  const insert = db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?)')
  const select = db.prepare('SELECT record FROM records WHERE id = ?').pluck()
  const every = db.prepare('SELECT record FROM records ORDER BY id').pluck()
  const put = async (id, record) => void insert.run(id, JSON.stringify(record))
  return {
    put,
    putDurable: synchronous === 'FULL' ? put : undefined,
    get: async (id) => JSON.parse(select.get(id)),
    all: async () => every.all().map((text) => JSON.parse(text)),
    batch: async (entries) =>
      db.transaction(() => {
        for (const [id, record] of entries) insert.run(id, JSON.stringify(record))
      })(),
    close: async () => db.close(),
  }
}

/** Bytes that a directory takes on the disk. */
export async function bytesOnDisk(directory) {
  const names = await readdir(directory, { recursive: true })
  return names
    .map((name) => statSync(join(directory, name)))
    .reduce((sum, { blocks }) => sum + blocks * 512, 0)
}
