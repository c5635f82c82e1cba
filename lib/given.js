// What somebody has given where something else belongs, in words for an error: enough to find the
// mistake by, and nothing that could be a name or the content of a record.

const { isWellFormed } = require('./well-formed.js')

/** @param {unknown} value */
function given(value) {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return number(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  try {
    return object(value)
  } catch {
    // It does not let itself be looked at, such as a proxy that was revoked.
    return 'an object'
  }
}

function text(value) {
  if (value === '') return 'an empty string'
  return isWellFormed(value) ? 'a string' : 'text that is not well-formed'
}

function number(value) {
  if (!Number.isFinite(value)) return String(value)
  if (!Number.isInteger(value)) return 'a fraction'
  if (value < 0) return 'a negative number'
  return Number.isSafeInteger(value) ? 'a number' : 'a number of 2^53 or more'
}

function object(value) {
  if (Array.isArray(value)) return 'an array'
  if (isPromise(value)) return 'a promise: an await is missing'
  if (Object.prototype.toString.call(value) !== '[object Date]') return 'an object'
  return Number.isNaN(Number(value)) ? 'an invalid Date' : 'a Date'
}

/** Whether somebody has to wait for a value to have it. What this asks may throw. */
function isPromise(value) {
  return typeof value?.then === 'function'
}

module.exports = { given, isPromise }
