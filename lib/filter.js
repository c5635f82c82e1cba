// The filter of a listing: every field that it names has the value that it gives. Values are
// compared as JSON has them, whatever the order of their keys.

/**
 * @param {Record<string, unknown> | undefined} filter values as JSON gives them
 * @returns {(record: Record<string, unknown>) => boolean}
 */
function matcher(filter) {
  if (filter === undefined) return () => true
  const wanted = Object.entries(filter)
  return (record) =>
    // What was stored by other means need not be an object.
    typeof record === 'object' &&
    record !== null &&
    wanted.every(([field, value]) => Object.hasOwn(record, field) && same(record[field], value))
}

function same(a, b) {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const fields = Object.keys(a)
  return (
    fields.length === Object.keys(b).length &&
    fields.every((field) => Object.hasOwn(b, field) && same(a[field], b[field]))
  )
}

module.exports = { matcher }
