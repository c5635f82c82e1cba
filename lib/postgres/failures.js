// What PostgreSQL, the network and the driver say, as the errors of this package. Texts of the
// server can quote what was stored, so only those are passed on that cannot.

const { SigilError, errorOf } = require('../errors.js')

/** Of the system, and of the driver, which gives no codes. */
const AWAY_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'ENOTFOUND'],
  ...['EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
])
const AWAY_TEXT = /terminat|timeout|not queryable|closed the connection|pool after calling end/i

/** By SQLSTATE, or its class. The first that fits counts. */
const STATES = [
  [/^(08|57P0|53300)/, 'STORAGE_UNAVAILABLE', 'the database is away', true],
  [/^(40001|40P01|55P03|57014)/, 'STORAGE_UNAVAILABLE', 'the database is too busy', true],
  [/^(28|3D000)/, 'STORAGE_UNAVAILABLE', 'the database does not let us in', false],
  [/^(42501)/, 'STORAGE_UNAVAILABLE', 'the database does not allow it', false],
  [/^(53100)/, 'ENOSPC', 'the disk of the database is full'],
  [/^(25006)/, 'LEVEL_READ_ONLY', 'the database is read-only'],
  [/^(54001)/, 'INVALID_PARAMETERS', 'the record is nested too deeply for the database'],
  [/^(54)/, 'INVALID_PARAMETERS', 'a name or the record is too long for the database'],
]

/** Whether a statement that is done wholly or not at all can just be tried again. */
function isConflict(error) {
  return error?.code === '40001' || error?.code === '40P01'
}

/**
 * @param {string} operation
 * @param {any} thrown
 */
function failureOf(operation, thrown) {
  if (thrown instanceof SigilError) return thrown
  const code = String(thrown?.code ?? '')
  const text = String(thrown?.message ?? '')
  const state = /^[0-9A-Z]{5}$/.test(code) && thrown.severity !== undefined ? code : undefined
  if (state !== undefined) {
    const [, ours, message, transient] = STATES.find(([pattern]) => pattern.test(state)) ?? [
      undefined,
      'STORAGE_ERROR',
      'the database refused',
    ]
    const cause = Object.assign(new Error(`SQLSTATE ${state}`), { code: state })
    return errorOf(ours, `${message} (SQLSTATE ${state})`, { operation, cause, transient })
  }
  if (AWAY_CODES.has(code) || AWAY_TEXT.test(text) || thrown?.errors !== undefined) {
    const message = 'the database cannot be reached'
    return errorOf('STORAGE_UNAVAILABLE', message, { operation, cause: thrown })
  }
  return errorOf('STORAGE_ERROR', 'the database failed', { operation, cause: thrown })
}

module.exports = { failureOf, isConflict }
