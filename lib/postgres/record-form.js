// Records as `jsonb`, and back as they were.
//
// `jsonb` has an order of its own for the members of objects, and refuses some text. What it does
// not keep of a record is in the column `form` beside it, null where there is nothing: a JSON text
// [ESCAPED, ORDER].
//
// - ESCAPED is 1 where the record's strings and names are escaped (column-text.js), otherwise 0.
// - ORDER says in which order members were. 0 is: as `jsonb` has them. [MEMBERS, PARTS] is an
//   object: the number of each member in the order of `jsonb`, in the order of the record, and the
//   ORDER of each value in the order of `jsonb`. [PARTS] is an array. PARTS is 0 where all are.
//
// A record that somebody else has changed meanwhile need not fit its form: members that the form
// does not know stay where they are, so that a stale form can misplace but never lose or invent.

const { InvalidParametersError } = require('../errors.js')
const { parse } = require('../record-text.js')
const { fromColumn, toColumn } = require('./column-text.js')

/** In JSON text, what could stand for NUL, the escape itself or a lone surrogate. */
const SUSPECT = /\\u(?:0000|001a|d[89a-f])/

/**
 * @param {string} operation
 * @param {string} text JSON text of a record
 * @returns {{ record: string, form: string | null }} the columns
 */
function toColumns(operation, text) {
  try {
    const given = JSON.parse(text)
    const escaped = SUSPECT.test(text)
    const kept = escaped ? mapText(given, toColumn) : given
    const order = orderOf(kept)
    const form = escaped || order !== 0 ? JSON.stringify([escaped ? 1 : 0, order]) : null
    return { record: escaped ? JSON.stringify(kept) : text, form }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const message = `${operation} needs a record that is not nested so deeply`
    throw new InvalidParametersError(message, { operation })
  }
}

/** The record of a row. */
function fromColumns(operation, { record, form }) {
  const kept = parse(operation, record)
  if (form === null || form === undefined) return kept
  const [escaped, order] = parse(operation, form)
  const ordered = inOrder(kept, order)
  return escaped === 1 ? mapText(ordered, fromColumn) : ordered
}

function mapText(value, change) {
  if (typeof value === 'string') return change(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => mapText(item, change))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [change(name), mapText(item, change)]),
  )
}

function orderOf(value) {
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) {
    const parts = partsOf(value)
    return parts === 0 ? 0 : [parts]
  }
  const names = Object.keys(value)
  const sorted = [...names].sort(asJsonb)
  const parts = partsOf(sorted.map((name) => value[name]))
  if (parts === 0 && same(names, asObjectHas(sorted))) return 0
  const numbers = new Map(sorted.map((name, number) => [name, number]))
  return [names.map((name) => numbers.get(name)), parts]
}

function partsOf(values) {
  const parts = values.map(orderOf)
  return parts.every((part) => part === 0) ? 0 : parts
}

function inOrder(value, order) {
  if (!Array.isArray(order) || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const [parts] = order
    return value.map((item, at) => inOrder(item, parts?.[at]))
  }
  const [numbers, parts] = order
  const sorted = Object.keys(value).sort(asJsonb)
  if (!Array.isArray(numbers)) return value
  const all = new Set([...numbers.filter((number) => number in sorted), ...sorted.keys()])
  return Object.fromEntries(
    [...all].map((number) => {
      const name = sorted[number]
      return [name, inOrder(value[name], parts?.[number])]
    }),
  )
}

/** As `jsonb` sorts names: the shorter first, then by bytes. */
function asJsonb(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length - b.length || Buffer.compare(a, b)
}

/** Names in the order in which an object has them that they are put into: whole numbers first. */
function asObjectHas(names) {
  return Object.keys(Object.fromEntries(names.map((name) => [name, 0])))
}

function same(one, other) {
  return one.every((name, at) => name === other[at])
}

module.exports = { fromColumns, toColumns }
