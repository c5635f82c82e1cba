// Names of options. One that nobody knows is a mistake of the caller's that would change nothing and
// be noticed by nobody, so it is refused, and the name that was probably meant is in the message.

const { distance } = require('fastest-levenshtein')
const { InvalidParametersError } = require('./errors.js')
const { given } = require('./given.js')

/** Letters that a slip of the keyboard changes, adds or leaves out. */
const SLIPS = 2

/**
 * Refuses options that have a name which is none of those that are known.
 *
 * @param {string} [where] what has the options, where that is not the operation itself
 */
function checkNames(operation, options, known, where = operation) {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const near = nearest(unknown, known)
  const hint = near === undefined ? `it knows ${known.join(', ')}` : `did you mean ${near}?`
  throw unknownOption(operation, where, unknown, hint)
}

/** The same, and what is no object of options at all: an array would have no options, whatever is in it. */
function checkOptions(operation, options, known) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw noOptions(operation, options)
  }
  checkNames(operation, options, known)
}

/** Refuses only those that are a known name misspelt: callers of others have more options there. */
function checkSpelling(operation, options, known) {
  for (const name of Object.keys(options)) {
    const near = known.includes(name) ? undefined : nearest(name, known)
    if (near !== undefined) throw unknownOption(operation, operation, name, `did you mean ${near}?`)
  }
}

/** The options that were given; undefined and null are not. */
function givenOf(options) {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => (value ?? undefined) !== undefined),
  )
}

function nearest(name, known) {
  const small = name.toLowerCase()
  const [first] = known
    .map((right) => ({ right, slips: distance(small, right.toLowerCase()) }))
    // Of a short name, as much could be changed into another altogether.
    .filter(({ right, slips }) => slips <= Math.min(SLIPS, Math.floor(right.length / 3)))
    .sort((one, other) => one.slips - other.slips)
  return first?.right
}

/** What there is to say to somebody who gives something else than options. */
function noOptions(operation, value) {
  const message = `${operation} takes its options as an object, not ${given(value)}`
  return new InvalidParametersError(message, { operation })
}

function unknownOption(operation, where, name, hint) {
  const message = `${where} has no option ${JSON.stringify(name)}: ${hint}`
  return new InvalidParametersError(message, { operation })
}

module.exports = { checkNames, checkOptions, checkSpelling, givenOf, noOptions }
