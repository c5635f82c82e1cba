// What listings have in common, whatever the store: it gives a call's records in pieces, and these
// functions make of them what callers are given.

const calls = require('./arguments.js')
const { notOpen } = require('./native-db.js')

/** @typedef {(operation: string, call: any) => AsyncIterable<any[]>} List */

/**
 * `allSigilRecords`.
 *
 * @param {any[]} args
 * @param {List} list
 */
async function allOf(args, list) {
  const operation = 'allSigilRecords'
  const all = []
  for await (const records of list(operation, calls.setOfRecordsCall(operation, args))) {
    for (const record of records) all.push(record)
  }
  return all
}

/**
 * `countSigilRecords`.
 *
 * @param {any[]} args
 * @param {List} list
 * @param {(operation: string, call: any) => Promise<number>} count where nothing is filtered
 */
async function countOf(args, list, count) {
  const operation = 'countSigilRecords'
  const call = calls.setOfRecordsCall(operation, args)
  if (call.filter === undefined) return count(operation, call)
  let found = 0
  for await (const records of list(operation, call)) found += records.length
  return found
}

/**
 * `records`: one after another, while the store is open. Records that were read before it was closed
 * are not given afterwards, not even when it is open again: as with iterators of abstract-level, an
 * iteration belongs to one opening, and what it would give may be true no more.
 *
 * @param {any[]} args
 * @param {List} list
 * @param {() => unknown} opening what is another each time the store is opened; undefined while it
 *   is not open
 */
async function* eachOf(args, list, opening) {
  const operation = 'records'
  const call = calls.recordsCall(args)
  let own
  for await (const records of list(operation, call)) {
    own ??= opening()
    checkOpening(operation, own, opening)
    for (const record of records) {
      yield record
      calls.throwIfAborted(operation, call.options)
      checkOpening(operation, own, opening)
    }
  }
}

function checkOpening(operation, own, opening) {
  if (own === undefined || opening() !== own) throw notOpen(operation)
}

module.exports = { allOf, countOf, eachOf }
