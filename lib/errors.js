// Every error that leaves this package is a SigilError. `CODES` is the one place that says which
// codes there are, which class each belongs to, and what a caller may conclude from it;
// docs/errors.md has the words and index.d.ts the types, and a test holds the three together.

/**
 * `transient`: the same call can succeed later without anybody changing the program.
 * `notFound`: what was asked for is not there, and that is all that is wrong.
 */
const CODES = Object.freeze({
  ENOSPC: { kind: 'StorageError', transient: true },
  EROFS: { kind: 'StorageError' },
  EIO: { kind: 'StorageError' },
  EACCES: { kind: 'StorageError' },
  EMFILE: { kind: 'StorageError', transient: true },
  LEVEL_LOCKED: { kind: 'StorageError', transient: true },
  LEVEL_CORRUPTION: { kind: 'StorageError' },
  LEVEL_NOT_FOUND: { kind: 'RecordNotFoundError', notFound: true },
  LEVEL_DATABASE_NOT_OPEN: { kind: 'StorageError' },
  LEVEL_READ_ONLY: { kind: 'StorageError' },
  LEVEL_NOT_SUPPORTED: { kind: 'StorageError' },
  LEVEL_ABORTED: { kind: 'AbortError' },
  STORAGE_ERROR: { kind: 'StorageError' },
  STORAGE_UNAVAILABLE: { kind: 'StorageUnavailableError', transient: true },
  RECORD_NOT_FOUND: { kind: 'RecordNotFoundError', notFound: true },
  TENANT_ISOLATION_ERROR: { kind: 'TenantIsolationError' },
  INVALID_PARAMETERS: { kind: 'InvalidParametersError' },
  ABORT_ERR: { kind: 'AbortError' },
  KEY_WRONG: { kind: 'StorageError' },
  KEY_WEAK: { kind: 'StorageError' },
  KEY_EXHAUSTED: { kind: 'StorageError', transient: true },
  HEADER_MISSING: { kind: 'StorageError' },
  DATA_MISSING: { kind: 'StorageError' },
  HEADER_DAMAGED: { kind: 'StorageError' },
  FORMAT_UNSUPPORTED: { kind: 'StorageError' },
  STORE_NOT_ENCRYPTED: { kind: 'StorageError' },
  STORE_ROLLED_BACK: { kind: 'StorageError' },
  RECORD_UNREADABLE: { kind: 'StorageError' },
  BACKUP_DAMAGED: { kind: 'StorageError' },
  VALUE_TOO_LARGE: { kind: 'InvalidParametersError' },
  NOT_INITIALIZED: { kind: 'StorageError' },
  INTERNAL_ERROR: { kind: 'SigilError' },
})

/** Details that an error may carry beside its code; absent where they are not known. */
const DETAILS = ['path', 'operation', 'offset', 'errno', 'holder']

/**
 * How many operations have failed, by their error's code. Errors are counted where they are made: each
 * is made because an operation fails. One that tells of another, such as of an opening that failed, is
 * that same failure when it is the first to tell; after that, it is one more operation that failed.
 */
const errorCounts = new Map()
/** Errors that another one has told of. */
const told = new WeakSet()
let isCounting = true

class SigilError extends Error {
  static defaultCode = 'INTERNAL_ERROR'

  /**
   * @param {string} message
   * @param {{ code?: string, cause?: unknown, path?: string, operation?: string, offset?: number,
   *   errno?: number, holder?: number, transient?: boolean }} [details]
   */
  constructor(message, details = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = details.code ?? new.target.defaultCode
    this.transient = details.transient ?? CODES[this.code]?.transient === true
    this.notFound = CODES[this.code]?.notFound === true
    for (const name of DETAILS) {
      if (details[name] !== undefined) this[name] = details[name]
    }
    // Codes of a host's own are its own to count, and may be any text.
    if (isCounting && Object.hasOwn(CODES, this.code) && !isFirstToTell(this)) {
      errorCounts.set(this.code, (errorCounts.get(this.code) ?? 0) + 1)
    }
  }

  get name() {
    return this.constructor.name
  }
}

class StorageError extends SigilError {
  static defaultCode = 'STORAGE_ERROR'
}

class StorageUnavailableError extends SigilError {
  static defaultCode = 'STORAGE_UNAVAILABLE'
}

class RecordNotFoundError extends SigilError {
  static defaultCode = 'RECORD_NOT_FOUND'
}

class TenantIsolationError extends SigilError {
  static defaultCode = 'TENANT_ISOLATION_ERROR'
}

class InvalidParametersError extends SigilError {
  static defaultCode = 'INVALID_PARAMETERS'
}

class AbortError extends SigilError {
  static defaultCode = 'ABORT_ERR'
}

const classes = {
  SigilError,
  StorageError,
  StorageUnavailableError,
  RecordNotFoundError,
  TenantIsolationError,
  InvalidParametersError,
  AbortError,
}

/**
 * Makes the error that users see from one that the addon threw. The addon gives the code in `code`
 * and the details as JSON in `message` (src/failure.rs).
 *
 * @param {unknown} thrown
 * @param {string} [operation] what the caller had asked for
 */
function fromNative(thrown, operation) {
  if (thrown instanceof SigilError) return thrown
  const details = Object.hasOwn(CODES, thrown?.code) ? parseDetails(thrown.message) : undefined
  if (details === undefined) {
    // Not one of ours: napi refused an argument that lib/ should have refused, or worse.
    return new SigilError('the addon failed in an unexpected way', { operation, cause: thrown })
  }
  const { message, ...rest } = details
  return new classes[CODES[thrown.code].kind](message, { ...rest, code: thrown.code, operation })
}

function isFirstToTell({ cause, code }) {
  if (!(cause instanceof SigilError) || cause.code !== code || told.has(cause)) return false
  told.add(cause)
  return true
}

/** An error that somebody is given as it is: whoever tells of it later is another one that failed. */
function handedOver(error) {
  told.add(error)
  return error
}

/** Makes errors that are told to somebody, but with which no operation fails. */
function uncounted(make) {
  isCounting = false
  try {
    return make()
  } finally {
    isCounting = true
  }
}

/** A failure that the addon tells of and that is thrown to nobody, without the addon's own form. */
function inWords(failure) {
  return { ...failure, ...parseDetails(failure.message) }
}

/** An error of ours by its code; a code that is not ours is a failure of the storage. */
function errorOf(code, message, details) {
  const known = Object.hasOwn(CODES, code) ? code : 'STORAGE_ERROR'
  return new classes[CODES[known].kind](message, { ...details, code: known })
}

function parseDetails(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

module.exports = {
  ...classes,
  CODES,
  errorCounts,
  errorOf,
  fromNative,
  handedOver,
  inWords,
  uncounted,
}
