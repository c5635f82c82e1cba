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
