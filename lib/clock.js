// The time in ISO form, as records have it.

const { InvalidParametersError } = require('./errors.js')
const { given } = require('./given.js')

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
 * @param {string} made the class of the store, for the error
 * @param {(() => Date) | null} [now] a clock of the caller's
 * @returns {(operation: string) => string} for an operation that needs the time
 */
function clockOf(made, now) {
  if ((now ?? undefined) === undefined) return isoNow
  if (typeof now !== 'function') {
    const message = `now is a function that gives a Date, not ${given(now)}`
    throw new InvalidParametersError(message, { operation: made })
  }
  return (operation) => {
    const date = now()
    if (Object.prototype.toString.call(date) === '[object Date]' && !Number.isNaN(date.getTime())) {
      return date.toISOString()
    }
    const message = `now gives a valid Date, not ${given(date)}`
    throw new InvalidParametersError(message, { operation })
  }
}

module.exports = { clockOf, isoNow }
