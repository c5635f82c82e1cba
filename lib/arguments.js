// Which call it is.
//
// Two generations of callers use the same methods: those that name a record by symbol and hash, and
// those that name a tenant before. They are told apart by the number and type of arguments, here
// and nowhere else, so that every store decides alike. The rule that keeps tenants apart: a call
// that could have been meant for a tenant never becomes one on the shared records. A tenant that is
// undefined, or an object where a string belongs, is an error, not another form.
//
// The shared forms take trailing options too. What tells them from a misplaced record is a real
// AbortSignal in `signal`, which nothing that came in as JSON can contain.

const { AbortError, InvalidParametersError, TenantIsolationError } = require('./errors.js')
const { given } = require('./given.js')
const { checkNames, noOptions } = require('./option-names.js')
const { isWellFormed } = require('./well-formed.js')

const DURABILITIES = ['process', 'interval', 'sync']
const CALL_OPTIONS = ['signal']
const WRITE_OPTIONS = ['signal', 'durability']
const LIST_OPTIONS = ['limit', 'cursor', 'filter', ...CALL_OPTIONS]
/** Calls that write. */
const WRITES = new Set(['setSigilRecord', 'deleteSigilRecord', 'batch'])
const RECORDS_OPTIONS = ['tenantId', ...LIST_OPTIONS]

/** How calls are to be made, for those who made one in another way. */
const NAMES = '(symbol, authHash) or (tenantId, symbol, authHash, options)'
const SETS = '() or (tenantId, options)'
const FORMS = {
  setSigilRecord:
    '(symbol, authHash, record) or (tenantId, symbol, authHash, record, options); ' +
    'options of a shared record are taken beside an AbortSignal alone',
  getSigilRecord: NAMES,
  getSigilRecordSync: NAMES,
  getMany: 'an array of names, [symbol, authHash] or [tenantId, symbol, authHash] each',
  existsSigilRecord: NAMES,
  deleteSigilRecord: NAMES,
  allSigilRecords: `${SETS}; records(options) lists shared records with options`,
  countSigilRecords: SETS,
}
const NO_OPTIONS = Object.freeze({ signal: undefined, durability: undefined })

/** What `setSigilRecord` was called for; `tenant` is undefined for a shared record. */
function setCall(args) {
  const operation = 'setSigilRecord'
  if (args.length === 3 || (args.length === 4 && !isText(args[2]) && hasSignal(args[3]))) {
    const [symbol, authHash, record, options] = args
    return withRecord(operation, sharedCall(operation, symbol, authHash, record, options))
  }
  if (args.length !== 4 && args.length !== 5) {
    throw invalid(operation, `takes ${FORMS.setSigilRecord}`)
  }
  const [tenantId, symbol, authHash, record, options] = args
  const tenant = tenantId === null ? defaultTenant() : tenantId
  return withRecord(operation, tenantCall(operation, tenant, symbol, authHash, record, options))
}

/** The call, unless the record is missing, as where it is a tenant's and three texts were given. */
function withRecord(operation, call) {
  const { record } = call
  if (typeof record === 'object' && record !== null) return call
  const rule = `needs an object as record, not ${given(record)}`
  throw invalid(operation, withForms(operation, rule))
}

/** What a call that names one record, such as `getSigilRecord`, was made for. */
function nameCall(operation, args) {
  if (args.length === 2 || (args.length === 3 && hasSignal(args[2]))) {
    const [symbol, authHash, options] = args
    return sharedCall(operation, symbol, authHash, undefined, options)
  }
  if (args.length !== 3 && args.length !== 4) {
    throw invalid(operation, `takes ${FORMS[operation]}`)
  }
  const [tenantId, symbol, authHash, options] = args
  return tenantCall(operation, tenantId, symbol, authHash, undefined, options)
}

/** What `getMany` was called for: each of its names is an argument list of `getSigilRecord`. */
function manyCall(operation, names, options) {
  const checked = callOptions(operation, options)
  if (!Array.isArray(names) || !names.every((name) => Array.isArray(name) && name.length < 4)) {
    throw invalid(operation, `takes ${FORMS.getMany}`)
  }
  return names.map((name) => ({ ...nameCall(operation, name), options: checked }))
}

/** What a call that names a set of records was made for: nobody's, or one tenant's. */
function setOfRecordsCall(operation, args) {
  if (args.length === 0 || (args.length === 1 && hasSignal(args[0]))) {
    return sharedList(operation, args[0])
  }
  if (args.length > 2) throw invalid(operation, `takes ${FORMS[operation]}`)
  const tenant = checkTenant(operation, args[0])
  return { tenant, ...listOptions(operation, args[1]) }
}

/** What `records` was called for. A `tenantId` that is there but undefined is a missing tenant. */
function recordsCall(args) {
  const operation = 'records'
  if (args.length > 1)
    throw invalid(operation, 'takes ({ tenantId, cursor, filter, limit, signal })')
  const options = args[0] ?? {}
  if (!isObject(options)) throw noOptions(operation, options)
  // A tenant that is misspelt must not become everybody.
  checkNames(operation, options, RECORDS_OPTIONS)
  if (!('tenantId' in options)) return sharedList(operation, options)
  const tenant = checkTenant(operation, options.tenantId)
  return { tenant, ...listOptions(operation, options, RECORDS_OPTIONS) }
}

/** What `batch` was called for; all of it is checked before any of it is done. */
function batchCall(args) {
  const operation = 'batch'
  const [entries, options] = args
  if (!Array.isArray(entries))
    throw invalid(operation, `takes an array of operations, not ${given(entries)}`)
  const checked = Array.from(entries, (entry) => {
    if (!isObject(entry))
      throw invalid(operation, `takes operations that are objects, not ${given(entry)}`)
    const { type, tenantId, sigilId, authHash, record } = entry
    if (!isText(sigilId)) {
      const rule = "takes a tenant's operations, with a string as sigilId each"
      throw invalid(operation, `${rule}, not ${given(sigilId)}`)
    }
    const call = tenantCall(operation, tenantId, sigilId, authHash, record)
    if (type !== 'put' && type !== 'del')
      throw invalid(operation, "knows the types 'put' and 'del'")
    return { type, call }
  })
  return { entries: checked, options: callOptions(operation, options) }
}

function sharedCall(operation, symbol, authHash, record, options) {
  return {
    tenant: undefined,
    symbol: checkText(operation, 'symbol', symbol),
    authHash: checkText(operation, 'authHash', hashOf(operation, authHash)),
    record,
    options: callOptions(operation, options),
  }
}

/** The old code put a number into the key as its digits, and some callers pass a time. */
function hashOf(operation, authHash) {
  if (typeof authHash !== 'number') return authHash
  if (Number.isSafeInteger(authHash)) return String(authHash)
  const rule = `needs a string or a whole number below 2^53 as authHash, not ${given(authHash)}`
  throw invalid(operation, withForms(operation, rule))
}

function tenantCall(operation, tenant, symbol, authHash, record, options) {
  return {
    tenant: checkTenant(operation, tenant),
    symbol: checkText(operation, 'symbol', symbol),
    authHash: checkText(operation, 'authHash', authHash),
    record,
    options: callOptions(operation, options),
  }
}

function checkTenant(operation, tenant) {
  let wrong
  if (!isText(tenant)) wrong = `a tenant must be a string, not ${given(tenant)}`
  else if (tenant === '') wrong = 'a tenant must not be empty'
  else if (!isWellFormed(tenant)) wrong = 'a tenant must be well-formed text'
  if (wrong) throw new TenantIsolationError(withForms(operation, wrong), { operation })
  return tenant
}

function checkText(operation, part, value) {
  if (!isText(value)) {
    const rule = `needs a string as ${part}, not ${given(value)}`
    throw invalid(operation, withForms(operation, rule))
  }
  if (!isWellFormed(value)) throw invalid(operation, `needs well-formed text as ${part}`)
  return value
}

function sharedList(operation, options) {
  const list = listOptions(operation, options)
  if (list.cursor) throw invalid(operation, "knows a cursor among a tenant's records only")
  return { tenant: undefined, ...list }
}

function listOptions(operation, options, known = LIST_OPTIONS) {
  const checked = callOptions(operation, options, known)
  const { limit, cursor, filter } = options ?? {}
  return {
    limit: checkLimit(operation, limit),
    cursor: checkCursor(operation, cursor),
    filter: checkFilter(operation, filter),
    options: checked,
  }
}

function checkLimit(operation, limit) {
  if (limit === undefined || limit === null || limit === Number.POSITIVE_INFINITY) {
    return Number.POSITIVE_INFINITY
  }
  if (Number.isSafeInteger(limit) && limit >= 0) return limit
  throw invalid(operation, `needs a whole number of 0 or more as limit, not ${given(limit)}`)
}

/** A sigil's id stands for all of its records; with the hash, for that record alone. */
function checkCursor(operation, cursor) {
  if (cursor === undefined || cursor === null) return undefined
  if (isText(cursor)) return { symbol: checkText(operation, 'cursor', cursor) }
  if (!isObject(cursor))
    throw invalid(
      operation,
      `needs a sigilId or { sigilId, authHash } as cursor, not ${given(cursor)}`,
    )
  return {
    symbol: checkText(operation, 'cursor.sigilId', cursor.sigilId),
    authHash: checkText(operation, 'cursor.authHash', cursor.authHash),
  }
}

function checkFilter(operation, filter) {
  if (filter === undefined || filter === null) return undefined
  if (!isObject(filter))
    throw invalid(operation, `needs an object of fields as filter, not ${given(filter)}`)
  let wanted
  try {
    wanted = JSON.parse(JSON.stringify(filter))
  } catch {
    throw invalid(operation, 'needs values that have a JSON text in filter')
  }
  // A value that JSON leaves out, such as undefined, would ask for nothing, and so for everything.
  if (Object.keys(filter).some((field) => !Object.hasOwn(wanted, field))) {
    throw invalid(operation, 'needs a value for every field of filter')
  }
  return wanted
}

function callOptions(operation, options, names) {
  if (options === undefined || options === null) return NO_OPTIONS
  const known = names ?? (WRITES.has(operation) ? WRITE_OPTIONS : CALL_OPTIONS)
  if (!isObject(options)) {
    const rule = `takes its options as an object, not ${given(options)}`
    throw invalid(operation, withForms(operation, rule))
  }
  checkNames(operation, options, known)
  const { signal, durability } = options
  if (signal !== undefined && !isSignal(signal))
    throw invalid(operation, `needs an AbortSignal as signal, not ${given(signal)}`)
  if (durability !== undefined && !DURABILITIES.includes(durability)) {
    throw invalid(operation, `knows the durabilities ${DURABILITIES.join(', ')}`)
  }
  return { signal, durability }
}

/** Refuses to begin what was given up already. */
function throwIfAborted(operation, { signal }) {
  if (signal?.aborted) {
    throw new AbortError('the operation was aborted', { operation, cause: signal.reason })
  }
}

function defaultTenant() {
  return process.env.DEFAULT_TENANT || 'public'
}

function hasSignal(value) {
  try {
    return isObject(value) && isSignal(value.signal)
  } catch {
    // It does not let itself be looked at; whoever takes it for a record says so.
    return false
  }
}

// Not `instanceof`: under jest, and in any second context, the class is another one.
function isSignal(value) {
  const named = Object.prototype.toString.call(value) === '[object AbortSignal]'
  return named && typeof value.addEventListener === 'function'
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !isArray(value)
}

function isArray(value) {
  try {
    return Array.isArray(value)
  } catch {
    // A proxy that was revoked is nothing any more.
    return false
  }
}

function isText(value) {
  return typeof value === 'string'
}

/** A rule, and behind it the forms of the call that somebody has mistaken. */
function withForms(operation, rule) {
  const forms = FORMS[operation]
  return forms === undefined ? rule : `${rule}; ${operation} takes ${forms}`
}

function invalid(operation, rule) {
  return new InvalidParametersError(`${operation} ${rule}`, { operation })
}

module.exports = {
  setCall,
  nameCall,
  manyCall,
  setOfRecordsCall,
  recordsCall,
  batchCall,
  callOptions,
  throwIfAborted,
}
