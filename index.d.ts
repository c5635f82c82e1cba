// The types of the public API, written by hand. `npm test` checks them against uses of the API, and
// that the codes are those of lib/errors.js and docs/errors.md.

import { EventEmitter } from 'node:events'
import type {
  AbstractBatchOperation,
  AbstractBatchOptions,
  AbstractChainedBatch,
  AbstractChainedBatchDelOptions,
  AbstractChainedBatchPutOptions,
  AbstractChainedBatchWriteOptions,
  AbstractClearOptions,
  AbstractDatabaseOptions,
  AbstractDelOptions,
  AbstractGetManyOptions,
  AbstractGetOptions,
  AbstractHasManyOptions,
  AbstractHasOptions,
  AbstractIterator,
  AbstractIteratorOptions,
  AbstractKeyIterator,
  AbstractKeyIteratorOptions,
  AbstractOpenOptions,
  AbstractPutOptions,
  AbstractSnapshot,
  AbstractSublevel,
  AbstractSublevelOptions,
  AbstractValueIterator,
  AbstractValueIteratorOptions,
  Transcoder,
} from 'abstract-level'
import { AbstractLevel } from 'abstract-level'

/** Everything that `SigilError.code` can be. docs/errors.md says what each means. */
export type SigilErrorCode =
  | 'ENOSPC'
  | 'EROFS'
  | 'EIO'
  | 'EACCES'
  | 'EMFILE'
  | 'LEVEL_LOCKED'
  | 'LEVEL_CORRUPTION'
  | 'LEVEL_NOT_FOUND'
  | 'LEVEL_DATABASE_NOT_OPEN'
  | 'LEVEL_READ_ONLY'
  | 'LEVEL_NOT_SUPPORTED'
  | 'LEVEL_ABORTED'
  | 'STORAGE_ERROR'
  | 'STORAGE_UNAVAILABLE'
  | 'RECORD_NOT_FOUND'
  | 'TENANT_ISOLATION_ERROR'
  | 'INVALID_PARAMETERS'
  | 'ABORT_ERR'
  | 'KEY_WRONG'
  | 'KEY_WEAK'
  | 'KEY_EXHAUSTED'
  | 'HEADER_MISSING'
  | 'DATA_MISSING'
  | 'HEADER_DAMAGED'
  | 'FORMAT_UNSUPPORTED'
  | 'STORE_NOT_ENCRYPTED'
  | 'STORE_ROLLED_BACK'
  | 'RECORD_UNREADABLE'
  | 'BACKUP_DAMAGED'
  | 'VALUE_TOO_LARGE'
  | 'NOT_INITIALIZED'
  | 'INTERNAL_ERROR'

export interface SigilErrorDetails {
  code?: SigilErrorCode | undefined
  cause?: unknown
  path?: string | undefined
  operation?: string | undefined
  offset?: number | undefined
  errno?: number | undefined
  holder?: number | undefined
  /** By default what docs/errors.md says of the code. */
  transient?: boolean | undefined
}

/**
 * What every error of the stores is. `Level` throws errors of abstract-level as well, as `level`
 * does, with one of these as `cause` where there is one: see docs/errors.md.
 */
export class SigilError extends Error {
  constructor(message: string, details?: SigilErrorDetails)
  readonly code: SigilErrorCode
  readonly cause?: unknown
  /** Whether the same call can succeed later without a change to the program. */
  readonly transient: boolean
  /** Whether all that is wrong is that nothing is there. */
  readonly notFound: boolean
  /** The file or directory that is concerned. */
  readonly path?: string
  /** What the caller had asked for. */
  readonly operation?: string
  /** Where in the file damage was noticed. */
  readonly offset?: number
  /** The system's error number. */
  readonly errno?: number
  /** The process that holds a locked directory, where the system tells. */
  readonly holder?: number
}

/** The store cannot do what was asked; `code` says why. */
export class StorageError extends SigilError {}
/** The store cannot be reached. */
export class StorageUnavailableError extends SigilError {}
/** There is no such record, where the caller asked for an error in that case. */
export class RecordNotFoundError extends SigilError {}
/** A tenant's operation without a proper tenant. */
export class TenantIsolationError extends SigilError {}
/** Arguments that can never work. */
export class InvalidParametersError extends SigilError {}
/** The operation's signal was aborted; `cause` is the signal's reason. */
export class AbortError extends SigilError {}

/**
 * A record as a caller gives it: anything that has the JSON text of an object, which is what is kept.
 * As with `JSON.stringify`, a `Map`, a `Set` or a promise in it becomes `{}`, an instance of a class
 * the fields that it has, `NaN` becomes `null`, and what is `undefined` is left out. What is itself an
 * array, a date, a promise or a function is refused; the types also refuse a `Map`, a `Set` and bytes.
 */
export interface SigilRecord {
  // biome-ignore lint/suspicious/noExplicitAny: of any other type, interfaces would not fit
  [field: string]: any
  /** What arrays, maps, sets and bytes have. */
  [Symbol.iterator]?: never
  /** What dates have. */
  [Symbol.toPrimitive]?: never
  /** What promises have. */
  [Symbol.toStringTag]?: never
  /** What functions have. */
  [Symbol.hasInstance]?: never
}
/** A record as a store gives it: what its JSON text says. */
// biome-ignore lint/suspicious/noExplicitAny: records have the fields that their writers gave them
export type StoredRecord = { [field: string]: any }
/** What the store adds to a tenant's record. */
export interface TenantRecord extends StoredRecord {
  tenantId: string
  symbol: string
  sigilId: string
  authHash: string
  /** ISO time of the write. */
  updatedAt: string
}

export interface CallOptions {
  /**
   * Gives the waiting up; the call then rejects with an `AbortError`. What was begun goes on: a
   * write that was aborted after its call may still be stored.
   */
  signal?: AbortSignal | undefined
}

export interface WriteOptions extends CallOptions {
  /** What the write must survive before it is acknowledged, at least. */
  durability?: DurabilityLevel | undefined
}

/**
 * Options of a call on shared records. It is the signal that tells them from a misplaced record;
 * options without one are refused there. For a durability alone, set it on the store.
 */
export interface SharedCallOptions extends CallOptions {
  signal: AbortSignal
}

export interface ListOptions extends CallOptions {
  /** The most records that are given. */
  limit?: number | undefined
  /** Goes on after all records of a sigil, or after one of them. */
  cursor?: string | { sigilId: string; authHash: string } | null | undefined
  /** Only records whose top-level fields have these values. */
  filter?: { [field: string]: unknown } | null | undefined
}

/** What `batch` of a store does. (`BatchOperation` is that of `Level`, as `level` has it.) */
export type RecordOperation =
  | { type: 'put'; tenantId: string; sigilId: string; authHash: string; record: SigilRecord }
  | { type: 'del'; tenantId: string; sigilId: string; authHash: string }

export interface StoreHealth {
  /**
   * `degraded`: it works, but a job in the background fails at present or the disk is full.
   * `unhealthy`: it is not open.
   */
  status: 'healthy' | 'degraded' | 'unhealthy'
  /** See docs/health.md. */
  details: { [name: string]: unknown }
}

/**
 * What every store of sigil records does. Records are named by symbol and hash where the whole
 * service shares them, with a tenant before where they are that tenant's alone.
 */
export interface SigilStore {
  open(options?: CallOptions): Promise<void>
  close(options?: CallOptions): Promise<void>

  setSigilRecord(
    symbol: string,
    authHash: string | number,
    record: SigilRecord,
    options?: SharedCallOptions & WriteOptions,
  ): Promise<void>
  /** A `null` tenant is `DEFAULT_TENANT`, or `public`. */
  setSigilRecord(
    tenantId: string | null,
    symbol: string,
    authHash: string,
    record: SigilRecord,
    options?: WriteOptions,
  ): Promise<void>

  getSigilRecord(
    symbol: string,
    authHash: string | number,
    options?: SharedCallOptions,
  ): Promise<StoredRecord | undefined>
  getSigilRecord(
    tenantId: string,
    symbol: string,
    authHash: string,
    options?: CallOptions,
  ): Promise<TenantRecord | undefined>

  /** Each name is an argument list of `getSigilRecord`. */
  getMany(
    names: readonly RecordName[],
    options?: CallOptions,
  ): Promise<(StoredRecord | undefined)[]>

  existsSigilRecord(
    symbol: string,
    authHash: string | number,
    options?: SharedCallOptions,
  ): Promise<boolean>
  existsSigilRecord(
    tenantId: string,
    symbol: string,
    authHash: string,
    options?: CallOptions,
  ): Promise<boolean>

  /** There is no error where there is no such record. */
  deleteSigilRecord(
    symbol: string,
    authHash: string | number,
    options?: SharedCallOptions & WriteOptions,
  ): Promise<void>
  deleteSigilRecord(
    tenantId: string,
    symbol: string,
    authHash: string,
    options?: WriteOptions,
  ): Promise<void>

  /** In the order of keys. Without a tenant, the shared records. */
  allSigilRecords(options?: SharedCallOptions): Promise<StoredRecord[]>
  allSigilRecords(tenantId: string, options?: ListOptions): Promise<TenantRecord[]>

  countSigilRecords(options?: SharedCallOptions): Promise<number>
  countSigilRecords(tenantId: string, options?: ListOptions): Promise<number>

  /**
   * One record after another, as they were when the iteration began. It ends with the store: once that
   * is closed, the next step rejects with `LEVEL_DATABASE_NOT_OPEN`.
   */
  records(options: ListOptions & { tenantId: string }): AsyncGenerator<TenantRecord, void, void>
  records(options?: Omit<ListOptions, 'cursor'>): AsyncGenerator<StoredRecord, void, void>

  /** Does all of it or, where anything is wrong, nothing. */
  batch(operations: readonly RecordOperation[], options?: WriteOptions): Promise<void>

  /**
   * Never rejects, not even where its `signal` is aborted. It does not wait for a directory that
   * somebody else has.
   */
  getHealth(options?: CallOptions): Promise<StoreHealth>
}

/** What the classes of all stores are. */
interface StoreOfClass extends SigilStore {
  /** `close()`, for `await using`. Node 18 and some of 20 lack the symbol. */
  [Symbol.asyncDispose](): Promise<void>
}

interface StoreWithSyncReads extends StoreOfClass {
  /**
   * At once. A `LevelDBSigilAdapter` waits for the disk where memory does not have it: without a
   * bound, see docs/options.md. Unlike the other calls it cannot wait for the opening: before `open()`
   * has resolved it throws `LEVEL_DATABASE_NOT_OPEN`.
   */
  getSigilRecordSync(symbol: string, authHash: string | number): StoredRecord | undefined
  getSigilRecordSync(tenantId: string, symbol: string, authHash: string): TenantRecord | undefined
}

// There are no such classes: they let those that are there take their methods from one place.
declare const StoreMethods: new () => StoreOfClass
declare const StoreMethodsWithSyncReads: new () => StoreWithSyncReads

export interface MemoryOptions {
  /** Gives the time of `updatedAt`. */
  now?: (() => Date) | undefined
}

/** The record interface in memory, for tests and for what need not outlive the process. */
export class InMemoryStorageDriver extends StoreMethodsWithSyncReads {
  constructor(options?: MemoryOptions)
}

/** A `Pool` of the package `pg`, as far as a store needs to know it. */
export interface PostgresPool {
  query(...args: never[]): unknown
  connect(...args: never[]): unknown
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
}

/** docs/postgres.md explains them. Times are milliseconds. */
export interface PostgresOptions {
  /** Where the tables are. Default: where the role looks first. */
  schema?: string | undefined
  /** The most connections, 2 or more. Default: 10. Not for a pool that was given. */
  max?: number | undefined
  /** Default: 10,000. Not for a pool that was given. */
  connectTimeout?: number | undefined
  /** Default: 30,000. Not for a pool that was given. */
  queryTimeout?: number | undefined
  /** Labels of the store's numbers. */
  metricsLabels?: Readonly<Record<string, string | number>> | undefined
  /** Gives the time of `updatedAt`. */
  now?: (() => Date) | undefined
}

/** Records in a PostgreSQL database. Needs the package `pg`. */
export class PostgresSigilAdapter extends StoreMethods {
  /** Default: the connection string in `DATABASE_URL`. A pool that is given stays the caller's. */
  constructor(database?: string | PostgresPool, options?: PostgresOptions)
}

/** What `createSigilStore` takes for a directory. */
export interface LevelDBStoreOptions extends AdapterOptions {
  backend: 'leveldb'
  /** The directory. Default: `SIGIL_DB_PATH`, or `./sigil-leveldb`. */
  path?: string | undefined
}

/** What it takes for a PostgreSQL database. */
export interface PostgresStoreOptions extends PostgresOptions {
  backend: 'postgres'
  /** A connection string, by default `DATABASE_URL`, or a pool of `pg`. */
  database?: string | PostgresPool | undefined
}

/** What it takes for a store in memory. */
export interface MemoryStoreOptions extends MemoryOptions {
  backend: 'memory'
}

/** Where `SIGIL_STORAGE_BACKEND` picks: those of another backend have no effect. */
export interface EnvironmentStoreOptions
  extends Omit<LevelDBStoreOptions, 'backend'>,
    Omit<PostgresStoreOptions, 'backend'>,
    Omit<MemoryStoreOptions, 'backend'> {
  backend?: undefined
}

export type SigilStoreOptions =
  | LevelDBStoreOptions
  | PostgresStoreOptions
  | MemoryStoreOptions
  | EnvironmentStoreOptions

/**
 * The store that a deployment asks for with `SIGIL_STORAGE_BACKEND`, or with `backend`. Throws
 * where that backend is unknown.
 */
export function createSigilStore(options: LevelDBStoreOptions): LevelDBSigilAdapter
export function createSigilStore(options: PostgresStoreOptions): PostgresSigilAdapter
export function createSigilStore(options: MemoryStoreOptions): InMemoryStorageDriver
export function createSigilStore(options?: SigilStoreOptions): SigilStore & AsyncDisposable

export interface DoctorReport {
  location: string
  fix: boolean
  /** Keys that were looked at. */
  examined: number
  /** `taken`: the record's place is taken by another, and it stays where it is. */
  misfiled: {
    key: string
    meant: { symbol: string; authHash: string }
    outcome: 'movable' | 'moved' | 'taken'
  }[]
  /** Records that are not JSON: every listing that comes upon one fails. They are left alone. */
  unreadable: {
    key: string
    name: { tenant?: string | undefined; symbol: string; authHash: string }
  }[]
}

/**
 * Finds records that an old caller's mistake put under a wrong key, and records that are not JSON.
 * With `fix`, moves what is misfiled to the key that it was meant for, in one step; without, changes
 * nothing and needs no lock. Not to be run with `fix` while a store of the same process writes the
 * records that were meant.
 */
export function doctor(
  location: string,
  options?: CallOptions & { fix?: boolean | undefined },
): Promise<DoctorReport>

/** What an acknowledged write survives: see the README. */
export type DurabilityLevel = 'process' | 'interval' | 'sync'

/** How the engine opens a directory. Sizes are bytes. docs/options.md has limits and defaults. */
export interface EngineOptions {
  /** Make the database where there is none. Default: true. */
  createIfMissing?: boolean | undefined
  /** Fail where there is one. Default: false. */
  errorIfExists?: boolean | undefined
  /** Read beside whoever writes, without a lock; `refresh()` catches up. Default: false. */
  readOnly?: boolean | undefined
  /** Read every table whole when opening, and fail on any damage. Default: false. */
  paranoidChecks?: boolean | undefined
  /** Keep what can be proven of a damaged log, instead of refusing to open. Default: false. */
  salvage?: boolean | undefined
  /** Milliseconds for which a locked directory is tried again. Default: 0. */
  lockTimeout?: number | undefined
  /** What writes survive that do not ask otherwise. Default: `process`; a store's: `interval`. */
  durability?: DurabilityLevel | undefined
  /** Milliseconds that an `interval` write can be lost to a power cut. Default: 100. */
  syncInterval?: number | undefined
  /** Writes kept in memory before they become a table. Default: 4 MiB. */
  writeBufferSize?: number | undefined
  /** Bytes of what was read that are kept in memory. Default: 64 MiB. */
  cacheSize?: number | undefined
  /** Tables kept open. Default: 1,000. */
  maxOpenFiles?: number | undefined
  /** Bytes of a block before compression. Default: 4 KiB. */
  blockSize?: number | undefined
  /** Keys between those that are stored whole. Default: 16. */
  blockRestartInterval?: number | undefined
  /** Bytes of a table that a compaction makes. Default: 8 MiB. */
  maxFileSize?: number | undefined
  /** Compression of new tables; zstd is not read by every LevelDB. Default: `snappy`. */
  compression?: 'none' | 'snappy' | 'zstd' | boolean | undefined
  /** For `zstd`, from -7 to 22. Default: 1. */
  compressionLevel?: number | undefined
  /** Bits of a key in the filters of new tables; 0 makes none. Default: 10. */
  bloomBitsPerKey?: number | undefined
  /**
   * Size of the file that is given up when the disk is full, so that deleting, compacting and
   * closing work. `auto` is 1 MiB while the disk has plenty of room, and what these need once it has
   * less. Default: 0, which makes none; a store's: `auto`.
   */
  reserveSize?: number | 'auto' | undefined
  /** Labels of its numbers in `metrics()`, to tell databases apart. */
  metricsLabels?: Readonly<Record<string, string | number>> | undefined
}

/**
 * The numbers of this process in the text form of Prometheus, without those of other worker threads:
 * each counts for itself. See docs/metrics.md.
 */
export function metrics(): string

/** Puts the same numbers into a registry of prom-client, where they are read whenever it is. */
export function registerMetrics(registry: {
  // biome-ignore lint/suspicious/noExplicitAny: any version of prom-client has a type of its own
  registerMetric(metric: any): void
}): void

/** What `Level` does where there is no such key. */
export interface MissingKeyOptions {
  /**
   * Let `get` and `getSync` of a `Level` (for a store: of its `db`) throw `LEVEL_NOT_FOUND` for a
   * missing key, as older versions of `level` did, instead of giving `undefined`. Default: false.
   */
  notFoundError?: boolean | undefined
}

/** Options of `open` of a `Level`. */
export interface OpenOptions extends AbstractOpenOptions, EngineOptions {
  createIfMissing?: boolean | undefined
  errorIfExists?: boolean | undefined
  /** Share the open database with others of this process that set it too. Default: false. */
  multithreading?: boolean | undefined
}

/** Options of the constructor of a `Level`. */
export interface DatabaseOptions<K = string, V = string>
  extends AbstractDatabaseOptions<K, V>,
    Omit<OpenOptions, 'passive'>,
    MissingKeyOptions {
  createIfMissing?: boolean | undefined
  errorIfExists?: boolean | undefined
}

export type LevelOptions<K = string, V = string> = DatabaseOptions<K, V>

/** What reads of keys take beside abstract-level's options. */
export interface LevelReadOptions {
  /** Taken from callers of `level`; what is read of single keys is kept in the cache always. */
  fillCache?: boolean | undefined
}

/** What writes take beside abstract-level's options. */
export interface LevelWriteOptions {
  /** The same as the durability `sync`, and counts more than `durability`. Default: false. */
  sync?: boolean | undefined
  /** What the write survives once it is acknowledged. Default: that of the database. */
  durability?: DurabilityLevel | undefined
}

export interface GetOptions<K, V>
  extends AbstractGetOptions<K, V>,
    LevelReadOptions,
    MissingKeyOptions {}
export interface GetManyOptions<K, V> extends AbstractGetManyOptions<K, V>, LevelReadOptions {}
export interface HasOptions<K> extends AbstractHasOptions<K>, LevelReadOptions {}
export interface HasManyOptions<K> extends AbstractHasManyOptions<K>, LevelReadOptions {}
export interface PutOptions<K, V> extends AbstractPutOptions<K, V>, LevelWriteOptions {}
export interface DelOptions<K> extends AbstractDelOptions<K>, LevelWriteOptions {}
export interface BatchOptions<K, V> extends AbstractBatchOptions<K, V>, LevelWriteOptions {}
export type ClearOptions<K> = AbstractClearOptions<K> & LevelWriteOptions
export interface ChainedBatchWriteOptions
  extends AbstractChainedBatchWriteOptions,
    LevelWriteOptions {}

/** What iterators take beside abstract-level's options. */
export interface AdditionalIteratorOptions {
  /** Keep the blocks that are read in the cache. Default: false. */
  fillCache?: boolean | undefined
  /** Taken from callers of `level`; an iterator reads ahead by 1 MiB at most, whatever it says. */
  highWaterMarkBytes?: number | undefined
}

export type IteratorOptions<K, V> = AbstractIteratorOptions<K, V> & AdditionalIteratorOptions
export type KeyIteratorOptions<K> = AbstractKeyIteratorOptions<K> & AdditionalIteratorOptions
export type ValueIteratorOptions<K, V> = AbstractValueIteratorOptions<K, V> &
  AdditionalIteratorOptions

/** Options of `approximateSize` and `compactRange`. */
export interface StartEndOptions<K> {
  /** Encodes `start` and `end`. */
  keyEncoding?: string | Transcoder.PartialEncoder<K> | undefined
}

export interface ChainedBatch<TDatabase, KDefault, VDefault>
  extends AbstractChainedBatch<TDatabase, KDefault, VDefault> {
  write(): Promise<void>
  write(options: ChainedBatchWriteOptions): Promise<void>
}

// The other names under which `level` has what abstract-level defines.
export type BatchOperation<TDatabase, K, V> = AbstractBatchOperation<TDatabase, K, V>
export type ChainedBatchPutOptions<TDatabase, K, V> = AbstractChainedBatchPutOptions<
  TDatabase,
  K,
  V
>
export type ChainedBatchDelOptions<TDatabase, K> = AbstractChainedBatchDelOptions<TDatabase, K>
export type Iterator<TDatabase, K, V> = AbstractIterator<TDatabase, K, V>
export type KeyIterator<TDatabase, K> = AbstractKeyIterator<TDatabase, K>
export type ValueIterator<TDatabase, K, V> = AbstractValueIterator<TDatabase, K, V>
export type Snapshot = AbstractSnapshot
export type Sublevel<TDatabase, TFormat, K, V> = AbstractSublevel<TDatabase, TFormat, K, V>
export type SublevelOptions<K, V> = AbstractSublevelOptions<K, V>

/**
 * The class that `level` exports, on this package's engine. Its durability is `process` where
 * nothing else is asked for.
 */
export class Level<KDefault = string, VDefault = string> extends AbstractLevel<
  string | Buffer | Uint8Array,
  KDefault,
  VDefault
> {
  constructor(location: string, options?: DatabaseOptions<KDefault, VDefault> | undefined)
  get location(): string

  open(): Promise<void>
  open(options: OpenOptions): Promise<void>

  get(key: KDefault): Promise<VDefault | undefined>
  get<K = KDefault, V = VDefault>(key: K, options: GetOptions<K, V>): Promise<V | undefined>

  /** At once, waiting for the disk where memory does not have it: without a bound. */
  getSync(key: KDefault): VDefault | undefined
  getSync<K = KDefault, V = VDefault>(key: K, options: GetOptions<K, V>): V | undefined

  getMany(keys: KDefault[]): Promise<(VDefault | undefined)[]>
  getMany<K = KDefault, V = VDefault>(
    keys: K[],
    options: GetManyOptions<K, V>,
  ): Promise<(V | undefined)[]>

  has(key: KDefault): Promise<boolean>
  has<K = KDefault>(key: K, options: HasOptions<K>): Promise<boolean>

  hasMany(keys: KDefault[]): Promise<boolean[]>
  hasMany<K = KDefault>(keys: K[], options: HasManyOptions<K>): Promise<boolean[]>

  put(key: KDefault, value: VDefault): Promise<void>
  put<K = KDefault, V = VDefault>(key: K, value: V, options: PutOptions<K, V>): Promise<void>

  del(key: KDefault): Promise<void>
  del<K = KDefault>(key: K, options: DelOptions<K>): Promise<void>

  batch(operations: BatchOperation<typeof this, KDefault, VDefault>[]): Promise<void>
  batch<K = KDefault, V = VDefault>(
    operations: BatchOperation<typeof this, K, V>[],
    options: BatchOptions<K, V>,
  ): Promise<void>
  batch(): ChainedBatch<typeof this, KDefault, VDefault>

  iterator(): Iterator<typeof this, KDefault, VDefault>
  iterator<K = KDefault, V = VDefault>(options: IteratorOptions<K, V>): Iterator<typeof this, K, V>

  keys(): KeyIterator<typeof this, KDefault>
  keys<K = KDefault>(options: KeyIteratorOptions<K>): KeyIterator<typeof this, K>

  values(): ValueIterator<typeof this, KDefault, VDefault>
  values<K = KDefault, V = VDefault>(
    options: ValueIteratorOptions<K, V>,
  ): ValueIterator<typeof this, K, V>

  clear(): Promise<void>
  clear<K = KDefault>(options: ClearOptions<K>): Promise<void>

  // biome-ignore lint/suspicious/noExplicitAny: as abstract-level has it; there are no options
  snapshot(options?: any | undefined): Snapshot

  /** Bytes on the disk of the keys from `start` up to `end`, roughly. */
  approximateSize(start: KDefault, end: KDefault): Promise<number>
  approximateSize<K = KDefault>(start: K, end: K, options: StartEndOptions<K>): Promise<number>
  /** Takes what was deleted or overwritten between two keys, both included, off the disk. */
  compactRange(start: KDefault, end: KDefault): Promise<void>
  compactRange<K = KDefault>(start: K, end: K, options: StartEndOptions<K>): Promise<void>
  /** What the engine says about itself; an empty string for a property that it does not know. */
  getProperty(property: string): string
  /** Brings a database that was opened with `readOnly` up to date; says whether that changed it. */
  refresh(): Promise<boolean>
  /** Removes the database in a directory. */
  static destroy(location: string): Promise<void>
  /** Makes a database that opens out of what is left of one: see docs/repair.md. */
  static repair(location: string): Promise<RepairReport>
}

/** What a repair read, and what it could not. */
export interface RepairReport {
  wholeTables: number
  salvagedTables: number
  lostTables: number
  logs: number
  logRecords: number
  entries: number
  bytes: number
  /** The newest log that ended inside its last record: what a crash leaves. */
  torn?: { path: string; offset: number }
  /** Everything that is damaged or missing, and the bytes that were given up there. */
  damages: { path: string; offset: number; bytes: number; reason: string }[]
  /** What `lost/` holds of it now. */
  kept: string[]
}

export interface AdapterOptions extends EngineOptions, MissingKeyOptions {
  /** Taken from callers of `Level`, without an effect: stores of a process always share. */
  multithreading?: boolean | undefined
  /** The clock of `updatedAt`. */
  now?: (() => Date) | undefined
  /** Hears of faults in the background, which no call would notice. May throw; nobody minds. */
  onFault?: ((fault: StoreFault) => unknown) | undefined
  /** Such as pino's. Without one, nothing is said. */
  logger?: StoreLogger | undefined
}

/** What went wrong in the background. */
export interface StoreFault {
  /** The job that failed, and is tried again; `reserve` when the disk became full. */
  kind: 'flush' | 'compaction' | 'sync' | 'log' | 'reserve'
  /** How often it has, since the database was opened. */
  times: number
  path: string
  error: SigilError
}

export interface StoreLogger {
  debug(details: object, message: string): unknown
  info(details: object, message: string): unknown
  warn(details: object, message: string): unknown
  error(details: object, message: string): unknown
}

/** A job in the background that fails at present. */
export interface JobFailure {
  job: 'flush' | 'compaction' | 'sync' | 'log'
  code: SigilErrorCode
  /** What went wrong the last time. */
  message: string
  /** The file that is concerned, and where in it; where these are known. */
  path?: string
  offset?: number
  /** The system's error number, where there is one. */
  errno?: number
  /** How often it failed since it began to. */
  attempts: number
  /** How long ago that was. */
  forMilliseconds: number
}

/** A job in the background that has failed since the database was opened, whether or not it does. */
export interface JobFault {
  job: 'flush' | 'compaction' | 'sync' | 'log'
  /** Of the last failure; so are the fields after it. */
  code: SigilErrorCode
  message: string
  /** The file that is concerned, and where in it; where these are known. */
  path?: string
  offset?: number
  /** The system's error number, where there is one. */
  errno?: number
  /** How often it failed. */
  times: number
}

/** See docs/health.md. */
export interface StoreStats {
  path: string
  memoryBytes: number
  /** Tables on each of the seven levels. */
  filesAtLevel: number[]
  /** The engine's own words. */
  text: string
  /** The disk was found full, and there is no room yet. */
  outOfSpace: boolean
  /** Buffers of writes that wait to become tables. */
  pendingMemtables: number
  failures: JobFailure[]
  faults: JobFault[]
  /** How often the reserve was given up because the disk was full. */
  reserveReleases: number
}

type RecordName =
  | readonly [symbol: string, authHash: string | number]
  | readonly [tenantId: string, symbol: string, authHash: string]

/** Sigil records in a LevelDB directory; stores on one directory share one open database. */
export class LevelDBSigilAdapter extends StoreMethodsWithSyncReads {
  /**
   * By default `SIGIL_DB_PATH`, or `./sigil-leveldb`. A relative path is where the process is when the
   * database opens, as with `level`.
   */
  constructor(dbPath?: string, options?: AdapterOptions)
  readonly path: string
  /**
   * On the same open database, and open once the store has answered its first call: before that,
   * `getSync`, `snapshot`, `getProperty` and `batch()` without operations throw
   * `LEVEL_DATABASE_NOT_OPEN`. Closing or opening either does it to both, and to no other store.
   * Where it could not be opened, asking for it tries again: see docs/sharing.md.
   */
  readonly db: Level
  /** Takes what was deleted or overwritten off the disk. */
  compact(options?: CallOptions): Promise<void>
  /**
   * Copies the database as it is now into a new directory, while it is in use; not inside of its own.
   * It and those above it are made where they are missing. A store that was opened with `readOnly`
   * cannot: `LEVEL_READ_ONLY`.
   */
  checkpoint(directory: string, options?: CallOptions): Promise<void>
  /** Brings a store that was opened with `readOnly` up to date; says whether that changed it. */
  refresh(options?: CallOptions): Promise<boolean>
  stats(options?: CallOptions): Promise<StoreStats>
}

/** How slowly the key of the messenger's store is derived from its password. */
export type StorageKdf =
  | { name: 'pbkdf2' /** Default and least: 210,000. */; rounds?: number | undefined }
  | {
      name: 'argon2id'
      /** KiB. Default: 65,536; at least 19,456. */
      memory?: number | undefined
      /** Default: 3; at least 2. */
      passes?: number | undefined
      /** Default: 4. */
      lanes?: number | undefined
    }

/** Something that nobody asked for and somebody may want to know. */
export interface StorageFault {
  fault:
    | 'unreadable'
    | 'backupFailed'
    | 'rotationFailed'
    | 'countersRebuilt'
    | 'headerCopyFailed'
    | 'weakPassword'
  code: SigilErrorCode
  message: string
  /** What went wrong, where that is known. */
  error?: SigilError
  /** What cannot be read. */
  kind?: 'message' | 'session' | 'proof' | 'peer'
  /** The ids of what cannot be read, as far as they can be told. */
  ids?: string[]
  /** How many cannot be read, at the least. */
  count?: number
}

export interface StorageConfig {
  dataPath: string
  encryptionPassword: string
  /** Default: true. */
  autoBackup?: boolean | undefined
  /** Milliseconds. Default: one hour. */
  backupInterval?: number | undefined
  /** How many backups are kept. Default: 24. */
  keepBackups?: number | undefined
  /** For new stores and new passwords. Default: PBKDF2-SHA512 with 210,000 rounds. */
  kdf?: StorageKdf | undefined
  /** Bytes of the largest value, as text. Default: 32 MiB; at most 512 MiB. */
  maxValueSize?: number | undefined
  /** Milliseconds within which deleted bytes leave the files. Default: one hour. */
  eraseWithin?: number | undefined
  /** Uses of a key after which the background replaces it. Default: 2^31. */
  rotateAfter?: number | undefined
  /** What a resolved promise survives. Default: 'sync', a power cut. */
  durability?: 'process' | 'interval' | 'sync' | undefined
  /** Hears of what no call can tell. */
  onFault?: ((fault: StorageFault) => void) | undefined
  /** With `setEpoch`: a counter that is kept elsewhere and tells an old copy that was put back. */
  getEpoch?: (() => number | null | undefined | Promise<number | null | undefined>) | undefined
  setEpoch?: ((epoch: number) => void | Promise<void>) | undefined
}

export interface StorageStats {
  messageCount: number
  sessionCount: number
  proofCount: number
  peerCount: number
  /** Bytes on the disk, without backups. */
  totalSize: number
  /** Milliseconds since 1970. */
  lastBackup?: number
}

/** What happened since the store was opened. */
export interface StorageMetrics {
  backupsMade: number
  backupsFailed: number
  /** Why the last backup failed, if it did. */
  backupFailure?: SigilError
  /** How often something was listed without what could not be read. */
  unreadable: number
  /** Records that were encrypted again with a new key. */
  resealed: number
}

/** What a backup that is whole has. */
export interface StorageBackup {
  /** Milliseconds since 1970. */
  created: number
  messages: number
  sessions: number
  proofs: number
  peers: number
  /** Records that could not be read when it was made, and are not in it. */
  skipped: number
  bytes: number
}

export interface StorageVerification {
  /** Whether nothing was wrong. What could be put right is right afterwards. */
  whole: boolean
  /** Records that were read. */
  records: number
  /** What cannot be read or is missing; without an id where that cannot be told. */
  unreadable: { kind: 'message' | 'session' | 'proof' | 'peer'; id?: string }[]
  /** Entries that lead nowhere, and entries that were missing, which have been written. */
  looseEnds: number
  /** Whether the counters were what was counted. If not they are now. */
  countersAreRight: boolean
  /** Places in the database's files that are damaged. */
  damagedFiles: number
}

/** A message as a caller gives it. */
export interface StorageMessage {
  id: string | number
  /** In whose list it is, as in that of its recipient. */
  sender?: unknown
  recipient?: unknown
  /** Its place in lists. By default, and where it is no time, that of saving: see docs/messages.md. */
  timestamp?: unknown
  // biome-ignore lint/suspicious/noExplicitAny: messages have the fields that their writers give them
  [field: string]: any
}

/** Where the next page begins. Opaque. */
export interface StorageCursor {
  readonly __storageCursor?: never
}

/** Messages, the newest first. */
// biome-ignore lint/suspicious/noExplicitAny: messages have the fields that their writers gave them
export type StoragePage = any[] & {
  /** Where the next page begins; undefined where there is no more. Not enumerable. */
  readonly cursor?: StorageCursor
}

export interface StoragePageOptions {
  /** Only older messages than the page of this cursor, this message, its id, or this time. */
  before?: StorageCursor | { id: string } | string | number | Date | undefined
}

/**
 * The messenger's storage, encrypted at rest. Values are JSON values that may hold `Buffer`, typed
 * arrays, `ArrayBuffer`, `Date`, `BigInt`, `Map` and `Set`. What would be lost is refused, such as an
 * `Error` or a `RegExp`: see docs/format/vault-values.md.
 */
export class StorageEngine {
  constructor(config: StorageConfig)
  /** After a failure that is not `transient` the password is forgotten: make a new engine. */
  initialize(): Promise<void>
  saveMessage(message: StorageMessage): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: what was saved
  getMessage(id: string): Promise<any | null>
  getMessagesByPeer(
    peerId: string,
    limit?: number,
    options?: StoragePageOptions,
  ): Promise<StoragePage>
  getRecentMessages(limit?: number, options?: StoragePageOptions): Promise<StoragePage>
  deleteMessage(id: string): Promise<void>
  saveSession(peerId: string, session: unknown): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: what was saved
  getSession(peerId: string): Promise<any | null>
  deleteSession(peerId: string): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: what was saved
  getAllSessions(): Promise<Map<string, any>>
  saveProof(proofId: string, proof: unknown): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: what was saved
  getProof(proofId: string): Promise<any | null>
  savePeer(peerId: string, peerData: unknown): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: what was saved
  getPeer(peerId: string): Promise<any | null>
  // biome-ignore lint/suspicious/noExplicitAny: what was saved
  getAllPeers(): Promise<Map<string, any>>
  getStats(): Promise<StorageStats>
  getMetrics(): StorageMetrics
  clearAllData(): Promise<void>
  /** Resolves when what was deleted before is in no file any more. */
  purge(): Promise<void>
  backup(): Promise<string>
  /** `password`: where the backup was made with another one than the present. */
  verifyBackup(
    backupPath: string,
    options?: { password?: string | undefined },
  ): Promise<StorageBackup>
  restore(backupPath: string, options?: { password?: string | undefined }): Promise<void>
  /** When it resolves, the old password opens nothing in the store's directory any more. */
  changePassword(oldPassword: string, newPassword: string): Promise<void>
  rotateKey(): Promise<void>
  /**
   * Reads everything there is and tells what cannot be read. Writes what can be put right: counters,
   * and missing entries that should lead to a message.
   */
  verify(): Promise<StorageVerification>
  /**
   * Waits for what is under way, but for backups and rotations: these are rejected as if they had
   * been asked for afterwards, and a rotation goes on when the store is opened again.
   */
  close(): Promise<void>
}

/** The messenger's own cipher: PBKDF2-SHA512, AES-256-GCM, base64. */
export class StorageEncryption {
  initialize(password: string, salt?: Uint8Array): Promise<void>
  encrypt(plaintext: string | Uint8Array): string
  decrypt(ciphertext: string): Buffer
  decryptToString(ciphertext: string): string
  generateKey(): string
  hash(data: string): string
  secureCompare(a: string, b: string): boolean
}

/** What an identity needs of a store: any of this package, or an object of your own. */
export interface RecordStore {
  setSigilRecord(symbol: string, authHash: string, record: SigilRecord): Promise<unknown>
  getSigilRecord(symbol: string, authHash: string): Promise<StoredRecord | undefined>
  deleteSigilRecord(symbol: string, authHash: string): Promise<unknown>
  allSigilRecords(): Promise<readonly StoredRecord[]>
  /** Read instead of `allSigilRecords` where it is there. */
  records?(): AsyncIterable<StoredRecord>
}

/** Of a state, what counts for crystallization; 0.5 where absent. */
export interface ConsciousnessState {
  phi?: number | undefined
  coherence?: number | undefined
  awareness?: number | undefined
  emotionalResonance?: number | undefined
  [field: string]: unknown
}

export interface SigilMemory {
  id: string
  /** Milliseconds of the calendar, as all times of a memory. */
  timestamp: number
  // biome-ignore lint/suspicious/noExplicitAny: what its JSON text says of what was given
  data: any
  consciousnessState: ConsciousnessState
  resonanceFrequency: number
  memoryPattern: {
    spiralAngle: number
    spiralRadius: number
    resonanceIntensity: number
    memoryWeight: number
  }[]
  crystallizationPotential: number
  accessCount: number
  lastAccessed: number
  decay: number
  isPersistent?: true
}

export type Crystal =
  | (SigilMemory & { type: 'memory-crystal' })
  | {
      id: string
      type: 'pattern-crystal'
      timestamp: number
      /** The frequencies from a hundredth of this up to the next. */
      group: number
      /** The mean potential of the group's memories. */
      strength: number
      memoryCount: number
      /** Tells the same memories from others. */
      members: string
      isPersistent: true
    }

/** What can be read of a `Map`. Values are as they are when they are read. */
export interface ReadonlyCollection<V> extends Iterable<[string, V]> {
  readonly size: number
  get(key: string): V | undefined
  has(key: string): boolean
  keys(): IterableIterator<string>
  values(): IterableIterator<V>
  entries(): IterableIterator<[string, V]>
  forEach(visit: (value: V, key: string, collection: this) => void, self?: unknown): void
}

export interface MemoryConfig {
  maxSigils: number
  /** From 0 on; of 1 or more, nobody resonates. */
  resonanceThreshold: number
  crystallizationThreshold: number
  /** What a second since the last access adds to the decay at each sweep: 0, or 1e-15 to 1e9. */
  memoryDecayRate: number
}

export interface IdentityOptions {
  memoryConfig?: { [name in keyof MemoryConfig]?: number | undefined } | undefined
  /** Milliseconds between two sweeps of decay. Default: 5,000. */
  decayPeriod?: number | undefined
  /** Milliseconds between two sweeps of crystallization. Default: 10,000. */
  crystallizationPeriod?: number | undefined
  /**
   * Milliseconds after which another identity on the same memories sweeps, where the one that did is
   * not heard of any more. Default: three periods of decay, at least 15,000.
   */
  leaseDuration?: number | undefined
  /** Milliseconds: by the calendar, and by a clock that nobody can set. */
  clock?: { now(): number; elapsed(): number } | undefined
}

export interface InstanceSigil {
  id: string
  signature: string
  timestamp: number
  type: 'consciousness-instance'
  resonanceFrequency: number
  memoryPattern: { angle: number; radius: number; intensity: number }[]
}

export interface MemoryStatistics {
  totalMemories: number
  maxSigils: number
  crystallizedStates: number
  resonanceConnections: number
  /** Records that the store has not taken so far. */
  unsaved: number
}

export interface IdentityEvents {
  'memory-encoded': [memory: SigilMemory]
  'memory-crystallized': [crystal: Crystal]
  'pattern-crystallized': [crystal: Crystal]
  'memory-decay': [{ released: number }]
  /** Whether it is for this identity to sweep, where several use the same memories. */
  lease: [{ held: boolean }]
  /** What went wrong in the background; it is tried again. */
  fault: [{ kind: 'storage' | 'decay' | 'crystallization' | 'listener'; error: unknown }]
}

/** Memories that resonate, decay and crystallize: see docs/identity.md. */
export class SigilIdentity extends EventEmitter<IdentityEvents> {
  /** Without a store, memories are in this process only. */
  constructor(storage?: RecordStore, options?: IdentityOptions)
  /**
   * Can be changed at any time, a field or all of it. What could never work is refused where it is
   * assigned. An object that is assigned is copied, and what it does not have is the default.
   */
  get memoryConfig(): MemoryConfig
  set memoryConfig(config: IdentityOptions['memoryConfig'] | null)
  readonly sigilMemory: ReadonlyCollection<SigilMemory>
  /** With whom a memory resonated when it came, of those that are still there. */
  readonly resonanceNetwork: ReadonlyCollection<{ id: string; resonance: number }[]>
  readonly crystallizedStates: ReadonlyCollection<Crystal>
  /** Takes up what the store has; everything else does it where it was not done. */
  initialize(): Promise<void>
  /** Sweeps regularly, without keeping the process alive. */
  start(): Promise<void>
  /** Sweeps no more, and has told the store everything when it resolves. Closes no store. */
  stop(): Promise<void>
  /** The memory is in the store when it resolves. */
  encodeSigilMemory(data: unknown, consciousnessState?: ConsciousnessState): Promise<SigilMemory>
  /** Notes an access; `false` where there is no such memory. Rejects where it is not stored. */
  touch(id: string): Promise<boolean>
  /** The memory, noting an access. Rejects where that is not stored. */
  recallSigilMemory(id: string): Promise<SigilMemory | undefined>
  crystallizeMemoryPatterns(): Promise<Crystal[]>
  processMemoryDecay(): Promise<{ released: number }>
  getSigil(): InstanceSigil
  getIdentity(): {
    sigil: InstanceSigil
    statistics: MemoryStatistics
    memoryConfig: MemoryConfig
  }
  getMemoryStatistics(): MemoryStatistics
}

export interface Endable {
  stop?(): unknown
  close?(): unknown
}

/**
 * At SIGINT or SIGTERM stops and closes things in their order, within `timeLimit` milliseconds
 * (10,000 by default), and lets the process end. Gives a function that takes that back.
 */
export function installShutdownHooks(
  ...things: (
    | Endable
    | { timeLimit?: number | undefined; onError?: ((error: unknown) => void) | undefined }
  )[]
): () => void

/** Why code is not authentic: docs/authenticator.md has the words. */
export type RejectionReason =
  | 'no-header'
  | 'header-changed'
  | 'header-moved'
  | 'other-tenant'
  | 'unknown-key'
  | 'unknown-record'
  | 'record-unsealed'
  | 'record-changed'
  | 'line-endings-changed'
  | 'code-changed'

export interface CodeSigil {
  symbol: string
  codeDNA?: string
}

export interface AuthenticationRecord extends StoredRecord {
  sigil: CodeSigil
  authHash: string
  codeDNA: { sequence: string }
  resonanceNetworks: { frequency: number; resonance: number }[]
  consciousnessState: unknown
  codeContext: unknown
  /** ISO time. */
  signedAt: string
}

export type CodeVerification =
  | {
      authentic: true
      confidence: 1
      sigil: CodeSigil
      codeDNA: { sequence: string }
      authHash: string
      authRecord: AuthenticationRecord
    }
  | {
      authentic: false
      reason: RejectionReason
      message: string
      confidence: 0
      sigil?: CodeSigil
      authHash?: string
    }

/** Signs code and tells whether it was changed since: see docs/authenticator.md. */
export class SigilBasedCodeAuthenticator {
  /** Without a store, signatures are known to this instance only. */
  constructor(
    storage?: {
      // biome-ignore lint/suspicious/noExplicitAny: two parts of a name, or a tenant before them
      setSigilRecord(...names: any[]): Promise<unknown>
      // biome-ignore lint/suspicious/noExplicitAny: as above
      getSigilRecord(...names: any[]): Promise<StoredRecord | undefined>
    },
    options?: {
      /** Whose code it is: records are that tenant's alone. */
      tenantId?: string | undefined
      /** 32 bytes, or 64 hex digits. By default the store has one, made when it is first needed. */
      key?: string | Uint8Array | undefined
    },
  )
  initialize(): Promise<void>
  embedConsciousnessSigil(
    /** Text, or UTF-8. */
    code: string | Uint8Array,
    /** JSON, nested at most 100 deep, as is the context. */
    consciousnessState?: unknown,
    codeContext?: unknown,
  ): Promise<{
    authenticatedCode: string
    sigil: CodeSigil
    codeDNA: { sequence: string }
    authHash: string
    resonanceNetworks: { frequency: number; resonance: number }[]
    authRecord: AuthenticationRecord
    consciousnessAuthenticated: true
  }>
  /** Bytes are judged as bytes; a string that was decoded from a file may hide what was no UTF-8. */
  verifyCodeAuthenticity(code: string | Uint8Array): Promise<CodeVerification>
  lookupAuthentication(
    sigil: string | CodeSigil,
    authHash: string,
  ): Promise<StoredRecord | undefined>
  /** What this instance has done. */
  getAuthenticationStats(): {
    signed: number
    verified: number
    authentic: number
    rejected: { [reason in RejectionReason]?: number }
  }
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, what is not marked is exported too
export {}
