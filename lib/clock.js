// The time in ISO form, as records have it.

const { InvalidParametersError } = require('./errors.js')

let lastTime
let lastText

/** Many records are written in one millisecond, and the text of a time costs as much as theirs. */
function isoNow() {
  const time = Date.now()
  if (time !== lastTime) {
    lastTime = time
    lastText = new Date(time).toISOString()
  }
  return lastText
}

/**
 * What gives the time to a store.
 *
 * @param {(() => Date) | null} [now] a clock of the caller's
 * @returns {() => string}
 */
function clockOf(now) {
  if ((now ?? undefined) === undefined) return isoNow
  if (typeof now !== 'function') throw new InvalidParametersError('now is a function')
  return () => {
    const date = now()
    if (Object.prototype.toString.call(date) === '[object Date]' && !Number.isNaN(date.getTime())) {
      return date.toISOString()
    }
    throw new InvalidParametersError('now gives a valid Date')
  }
}

module.exports = { clockOf, isoNow }
