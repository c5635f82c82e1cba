// What listings have in common, whatever the store: it gives a call's records in pieces, and these
// functions make of them what callers are given.

const calls = require('./arguments.js')

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
 * `records`: one after another.
 *
 * @param {any[]} args
 * @param {List} list
 */
async function* eachOf(args, list) {
  const call = calls.recordsCall(args)
  for await (const records of list('records', call)) {
    for (const record of records) {
      yield record
      calls.throwIfAborted('records', call.options)
    }
  }
}

module.exports = { allOf, countOf, eachOf }
