// Guards `Level` and the stores as ES modules use them: as level's users write it, and closed at the
// end of a block.

import {
  type CallOptions,
  createSigilStore,
  InMemoryStorageDriver,
  Level,
  LevelDBSigilAdapter,
  type StoreStats,
} from 'sigil-vault'

const db = new Level<Buffer, number>('db', { keyEncoding: 'buffer', valueEncoding: 'json' })
await db.put(Buffer.of(1), 5, { sync: true })
const operations = [{ type: 'put', key: Buffer.of(2), value: 6 }] as const
await db.batch([...operations], { sync: true })
await db.batch().put(Buffer.of(3), 7).write({ sync: true })
const keys: Buffer[] = await db.keys({ highWaterMarkBytes: 1 << 16 }).all()
const first: number | undefined = await db.get(Buffer.of(1), { fillCache: false })
await db.approximateSize('a', 'z', { keyEncoding: 'utf8' })

async function closedAtTheEnd(options: CallOptions): Promise<StoreStats> {
  await using memory = new InMemoryStorageDriver()
  await using made = createSigilStore({ backend: 'memory' })
  await using level = new Level('db')
  await using store = new LevelDBSigilAdapter('db', { reserveSize: undefined })
  await memory.open(options)
  await made.close({ signal: AbortSignal.timeout(1) })
  await level.put('key', 'value')
  const stats = await store.stats(options)
  const [fault] = stats.faults
  fault?.code.at(stats.reserveReleases + stats.failures.length)
  return stats
}

export default [keys, first, await closedAtTheEnd({})]
