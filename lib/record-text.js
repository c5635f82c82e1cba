// Records as JSON text: what goes into a store and what comes out. Text is what is stored, so a
// caller that changes an object later changes nothing here, and what JSON cannot say is lost in
// every store alike.

const { InvalidParametersError, StorageError } = require('./errors.js')
const { given, isPromise } = require('./given.js')
const { encodes } = require('./metrics/instruments.js')

/** The text of a shared record: the record as it is. */
function sharedText(operation, record) {
  const started = encodes.begin()
  const text = stringify(operation, record)
  encodes.end(started)
  return text
}

/** Whether a tenant's record has none of the fields that say whose it is and when it was written. */
function isUnstamped(record) {
  return (
    typeof record === 'object' &&
    record !== null &&
    // One that says itself what its JSON is may say anything.
    record.toJSON === undefined &&
    !Object.hasOwn(record, 'tenantId') &&
    !Object.hasOwn(record, 'symbol') &&
    !Object.hasOwn(record, 'sigilId') &&
    !Object.hasOwn(record, 'authHash') &&
    !Object.hasOwn(record, 'updatedAt')
  )
}

/**
 * The text of a tenant's record: the record, and over it whose it is and when it was written.
 *
 * @param {string} updatedAt
 */
function tenantText(operation, record, call, updatedAt) {
  const text = sharedText(operation, record)
  if (!isUnstamped(record)) return restamped(text, call, updatedAt)
  const stamp = JSON.stringify(stampOf(call, updatedAt))
  return text === '{}' ? stamp : `${text.slice(0, -1)},${stamp.slice(1)}`
}

/** The text of a tenant's record that may say already whose it is. */
function restamped(text, call, updatedAt) {
  return JSON.stringify({ ...JSON.parse(text), ...stampOf(call, updatedAt) })
}

function stampOf({ tenant, symbol, authHash }, updatedAt) {
  return { tenantId: tenant, symbol, sigilId: symbol, authHash, updatedAt }
}

function stringify(operation, record) {
  if (typeof record !== 'object' || record === null) throw noObject(operation, record)
  let text
  try {
    // JSON makes `{}` of a promise, and nobody would notice.
    if (!isPromise(record)) text = JSON.stringify(record)
  } catch (cause) {
    const message = `${operation} needs a record that has a JSON text`
    throw new InvalidParametersError(message, { operation, cause })
  }
  if (!text?.startsWith('{')) throw noObject(operation, record)
  return text
}

function noObject(operation, record) {
  const rule = `a record whose JSON is an object, neither an array nor text; this is ${given(record)}`
  return new InvalidParametersError(`${operation} needs ${rule}`, { operation })
}

/**
 * The record that a text stands for.
 *
 * @param {string} [path] where the store is that has it
 */
function parse(operation, text, path) {
  try {
    return JSON.parse(text)
  } catch {
    // What JSON.parse throws quotes the text, and a record's content belongs in no error.
    throw new StorageError('a stored record is not JSON', { operation, path })
  }
}

module.exports = { isUnstamped, parse, restamped, sharedText, tenantText }
