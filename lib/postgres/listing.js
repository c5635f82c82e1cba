// Listings: a cursor of the database, in a transaction of its own, which sees the records as they
// were when it was declared. Rows are fetched by about a megabyte. The connection is given back when
// the last has been fetched; until then it belongs to the listing, so a long one that is looked at
// slowly has it for long.

const { abortable } = require('../abortable.js')
const { fromColumns } = require('./record-form.js')
const { ORDER_OF_HASH, ORDER_OF_SYMBOL } = require('./tables.js')
const { toColumn } = require('./column-text.js')

const FIRST_ROWS = 16
const MOST_ROWS = 1000
const BYTES = 1 << 20

/** What a call lists, as the condition of a statement with its values. */
function conditionOf({ tenant, cursor }) {
  const values = [toColumn(tenant ?? '')]
  if (cursor === undefined) return { where: 'tenant_id = $1', values }
  values.push(`${toColumn(cursor.symbol)}!`)
  if (cursor.authHash === undefined) {
    return { where: `tenant_id = $1 AND (${ORDER_OF_SYMBOL}) > $2`, values }
  }
  values.push(toColumn(cursor.authHash))
  const where = `tenant_id = $1 AND ((${ORDER_OF_SYMBOL}), (${ORDER_OF_HASH})) > ($2, $3)`
  return { where, values }
}

/** @returns {AsyncGenerator<any[], void, void>} arrays of records that match, up to the limit */
async function* listRecords(connections, table, operation, call, matches) {
  const { limit, filter, options } = call
  if (limit === 0) return
  const { where, values } = conditionOf(call)
  const bound = filter === undefined && Number.isFinite(limit) ? `LIMIT ${limit}` : ''
  const text = `SELECT record::text AS record, form FROM ${table} WHERE ${where}
    ORDER BY (${ORDER_OF_SYMBOL}), (${ORDER_OF_HASH}) ${bound}`
  let left = limit
  for await (const rows of rowsOf(connections, operation, text, values, options)) {
    let records = rows.map((row) => fromColumns(operation, row)).filter(matches)
    if (records.length > left) records = records.slice(0, left)
    left -= records.length
    if (records.length > 0) yield records
    if (left === 0) return
  }
}

/** The rows of a statement, in lots. */
async function* rowsOf(connections, operation, text, values, options) {
  const held = await connections.hold(operation)
  // What is left in the middle of something is not used again.
  let unusable = true
  try {
    await held.query('BEGIN READ ONLY')
    await held.query(`DECLARE listing NO SCROLL CURSOR FOR ${text}`, values)
    let count = FIRST_ROWS
    for (;;) {
      unusable = true
      const { rows } = await abortable(
        operation,
        options,
        held.query(`FETCH ${count} FROM listing`),
      )
      const ended = rows.length < count
      if (ended) await held.query('COMMIT')
      unusable = false
      if (ended) held.release()
      if (rows.length > 0) yield rows
      if (ended) return
      const bytes = rows.reduce((sum, { record }) => sum + record.length, 0)
      count = Math.min(MOST_ROWS, Math.max(1, Math.floor((BYTES * rows.length) / bytes)))
    }
  } finally {
    await giveBack(held, unusable)
  }
}

/** Ends the transaction of a listing that was left, if there is still one. */
async function giveBack(held, unusable) {
  if (held.released) return
  try {
    if (!unusable) await held.query('ROLLBACK')
  } catch {
    unusable = true
  }
  held.release(unusable)
}

module.exports = { conditionOf, listRecords, rowsOf }
