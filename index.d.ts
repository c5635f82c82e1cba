// The types of the public API, written by hand. `npm test` checks them against uses of the API, and
// that the codes are those of lib/errors.js and docs/errors.md.

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
  | 'INTERNAL_ERROR'

export interface SigilErrorDetails {
  code?: SigilErrorCode
  cause?: unknown
  path?: string
  operation?: string
  offset?: number
  errno?: number
  holder?: number
}

/** What every error of this package is. */
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

/** A record as a caller gives it: anything that has the JSON text of an object. */
export type SigilRecord = object
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
  /** Gives the operation up; it then rejects with an `AbortError`. */
  signal?: AbortSignal
}

export interface WriteOptions extends CallOptions {
  /** What the write must survive before it is acknowledged, at least. */
  durability?: 'process' | 'interval' | 'sync'
}

/** Options of a call on shared records. It is the signal that tells them from a record. */
export interface SharedCallOptions extends CallOptions {
  signal: AbortSignal
}

export interface ListOptions extends CallOptions {
  /** The most records that are given. */
  limit?: number
  /** Goes on after all records of a sigil, or after one of them. */
  cursor?: string | { sigilId: string; authHash: string } | null
  /** Only records whose top-level fields have these values. */
  filter?: { [field: string]: unknown } | null
}

export type BatchOperation =
  | { type: 'put'; tenantId: string; sigilId: string; authHash: string; record: SigilRecord }
  | { type: 'del'; tenantId: string; sigilId: string; authHash: string }

export interface StoreHealth {
  status: 'healthy' | 'degraded' | 'unhealthy'
  details: { [name: string]: unknown }
}

/**
 * What every store of sigil records does. Records are named by symbol and hash where the whole
 * service shares them, with a tenant before where they are that tenant's alone.
 */
export interface SigilStore {
  open(): Promise<void>
  close(): Promise<void>

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
    options?: SharedCallOptions,
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

  /** One record after another, as they were when the iteration began. */
  records(options: ListOptions & { tenantId: string }): AsyncGenerator<TenantRecord, void, void>
  records(options?: Omit<ListOptions, 'cursor'>): AsyncGenerator<StoredRecord, void, void>

  /** Does all of it or, where anything is wrong, nothing. */
  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void>

  /** Never rejects. */
  getHealth(): Promise<StoreHealth>
}

/** The record interface in memory, for tests and for what need not outlive the process. */
export class InMemoryStorageDriver implements SigilStore {
  constructor(options?: { now?: () => Date })
  open: SigilStore['open']
  close: SigilStore['close']
  setSigilRecord: SigilStore['setSigilRecord']
  getSigilRecord: SigilStore['getSigilRecord']
  existsSigilRecord: SigilStore['existsSigilRecord']
  deleteSigilRecord: SigilStore['deleteSigilRecord']
  allSigilRecords: SigilStore['allSigilRecords']
  countSigilRecords: SigilStore['countSigilRecords']
  records: SigilStore['records']
  batch: SigilStore['batch']
  getHealth: SigilStore['getHealth']
}

/**
 * The store that a deployment asks for with `SIGIL_STORAGE_BACKEND`, or with `backend`. Throws
 * where that backend is unknown or not part of this version.
 */
export function createSigilStore(options?: {
  backend?: 'leveldb' | 'postgres' | 'memory'
  [option: string]: unknown
}): SigilStore
