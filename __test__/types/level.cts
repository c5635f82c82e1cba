// Guards that `Level` takes what classic-level's types take: its options one by one, and the calls
// that users of `level` write; then what this package adds.

import type * as classic from 'classic-level'
import {
  type BatchOperation,
  type BatchOptions,
  type ChainedBatch,
  type ChainedBatchWriteOptions,
  type ClearOptions,
  type DatabaseOptions,
  type DelOptions,
  type GetManyOptions,
  type GetOptions,
  type HasManyOptions,
  type HasOptions,
  type Iterator,
  type IteratorOptions,
  type KeyIterator,
  type KeyIteratorOptions,
  Level,
  type OpenOptions,
  type PutOptions,
  type Snapshot,
  type StartEndOptions,
  type ValueIterator,
  type ValueIteratorOptions,
} from 'sigil-vault'

type Value = { n: number }

/** Compiles only where whatever is a `Theirs` is an `Ours` too. */
type Takes<Ours, Theirs extends Ours> = [Ours, Theirs]

export type EveryOption = [
  Takes<OpenOptions, classic.OpenOptions>,
  Takes<DatabaseOptions<string, Value>, classic.DatabaseOptions<string, Value>>,
  Takes<GetOptions<string, Value>, classic.GetOptions<string, Value>>,
  Takes<GetManyOptions<string, Value>, classic.GetManyOptions<string, Value>>,
  Takes<HasOptions<string>, classic.HasOptions<string>>,
  Takes<HasManyOptions<string>, classic.HasManyOptions<string>>,
  Takes<PutOptions<string, Value>, classic.PutOptions<string, Value>>,
  Takes<DelOptions<string>, classic.DelOptions<string>>,
  Takes<BatchOptions<string, Value>, classic.BatchOptions<string, Value>>,
  Takes<ChainedBatchWriteOptions, classic.ChainedBatchWriteOptions>,
  Takes<IteratorOptions<string, Value>, classic.IteratorOptions<string, Value>>,
  Takes<KeyIteratorOptions<string>, classic.KeyIteratorOptions<string>>,
  Takes<ValueIteratorOptions<string, Value>, classic.ValueIteratorOptions<string, Value>>,
  Takes<StartEndOptions<Buffer>, classic.StartEndOptions<Buffer>>,
]

async function asLevelsUsersWrite(db: Level<string, Value>) {
  await db.open({ createIfMissing: true, passive: true, compression: false, cacheSize: 1 << 20 })
  await db.put('key', { n: 1 }, { sync: true })
  await db.put<Buffer, string>(Buffer.of(1), 'text', {
    keyEncoding: 'buffer',
    valueEncoding: 'utf8',
    sync: true,
  })
  await db.del('key', { sync: true })
  const operations: BatchOperation<typeof db, string, Value>[] = [
    { type: 'put', key: 'key', value: { n: 1 } },
    { type: 'del', key: 'other' },
  ]
  await db.batch(operations, { sync: true })
  const sublevel = db.sublevel<string, number>('sub', { valueEncoding: 'json' })
  await db.batch([{ type: 'put', sublevel, key: 'key', value: { n: 1 } }])
  const chained: ChainedBatch<typeof db, string, Value> = db.batch()
  await chained.put('key', { n: 1 }).del('other', { sublevel }).write({ sync: true })
  const value: Value | undefined = await db.get('key', { fillCache: false })
  const text: string | undefined = await db.get<string, string>('key', { valueEncoding: 'utf8' })
  const now: Value | undefined = db.getSync('key', { fillCache: false })
  const snapshot: Snapshot = db.snapshot()
  const many: (Value | undefined)[] = await db.getMany(['key'], { snapshot, fillCache: false })
  const there: boolean[] = [await db.has('key', { snapshot }), ...(await db.hasMany(['key'], {}))]
  const reading: IteratorOptions<string, Value> = { gte: 'a', highWaterMarkBytes: 1024 }
  const iterator: Iterator<typeof db, string, Value> = db.iterator({ ...reading, fillCache: true })
  for await (const [key, { n }] of iterator) key.at(n)
  const keys: KeyIterator<typeof db, string> = db.keys({ lt: 'b', highWaterMarkBytes: 1024 })
  const values: ValueIterator<typeof db, string, Value> = db.values({ limit: 5, fillCache: true })
  const entries: [string[], Value[]] = [await keys.all(), await values.nextv(10)]
  await db.clear({ gt: 'a', limit: 5 })
  const bytes = await db.approximateSize(Buffer.of(0), Buffer.of(255), { keyEncoding: 'buffer' })
  await db.compactRange(new Uint8Array(1), new Uint8Array(2), { keyEncoding: 'view' })
  return [value, text, now, many, there, entries, bytes.toFixed(), db.location.at(0)]
}

async function whatIsOurs(db: Level) {
  await db.put('key', 'value', { durability: 'sync' })
  await db.del('key', { durability: 'interval' })
  await db.batch([], { durability: 'process' })
  await db.batch().write({ durability: 'sync' })
  const clear: ClearOptions<string> = { gt: 'a', durability: 'sync' }
  await db.clear(clear)
  const value: string | undefined = await db.get('key', { notFoundError: true })
  const now: string | undefined = db.getSync('key', { notFoundError: true })
  await db.open({ readOnly: true, lockTimeout: 100, multithreading: true })
  // @ts-expect-error no such durability
  await db.put('key', 'value', { durability: 'forever' })
  // @ts-expect-error a value of another type, without an encoding for it
  await db.put('key', 5)
  // @ts-expect-error how a store's database comes about is nobody else's business
  Level.on('db', {})
  return [value, now]
}

asLevelsUsersWrite(new Level<string, Value>('db', { valueEncoding: 'json', bloomBitsPerKey: 0 }))
whatIsOurs(new Level('db', { durability: 'sync', notFoundError: true }))
