// Listing records: the addon gives JSON texts of arrays of about a hundred records, bounded by
// bytes; while one lot is looked at, the next is being read.

const { abortable } = require('./abortable.js')
const { StorageError } = require('./errors.js')

const FIRST_BYTES = 64 << 10
const MORE_BYTES = 1 << 20

/** @returns {AsyncGenerator<any[], void, void>} arrays of records that match, up to the limit */
async function* listRecords(native, operation, { tenant, cursor, limit, options }, matches, path) {
  if (limit === 0) return
  const listing = native.call(operation, (database) =>
    database.records(tenant, cursor?.symbol, cursor?.authHash),
  )
  const read = (bytes) => {
    const chunk = native
      .run(operation, () => listing.next(bytes))
      .catch((error) => {
        // One that is not JSON: the addon does not know where the database is.
        if (error.code === 'STORAGE_ERROR') error.path ??= path
        throw error
      })
    // Its failure is reported when it is waited for, if it ever is.
    chunk.catch(() => {})
    return chunk
  }
  let left = limit
  try {
    let chunk = await abortable(operation, options, read(FIRST_BYTES))
    for (;;) {
      const next = chunk.ended ? undefined : read(MORE_BYTES)
      for (const text of chunk.texts) {
        let records = parse(operation, text, path).filter(matches)
        if (records.length > left) records = records.slice(0, left)
        left -= records.length
        if (records.length > 0) yield records
        if (left === 0) return
      }
      if (next === undefined) return
      chunk = await abortable(operation, options, next)
    }
  } finally {
    listing.close()
  }
}

function parse(operation, text, path) {
  try {
    return JSON.parse(text)
  } catch {
    // What JSON.parse throws quotes the text, and a record's content belongs in no error.
    throw new StorageError('a stored record is not JSON', { operation, path })
  }
}

module.exports = { listRecords }
