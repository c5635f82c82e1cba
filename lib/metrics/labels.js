// Labels that a store's user gives to its numbers, to tell stores apart.

const { InvalidParametersError } = require('../errors.js')

/** Taken by the numbers themselves. */
const RESERVED = ['le', 'code']

/**
 * @param {string} operation what the caller had asked for, for the error
 * @returns {Readonly<Record<string, string>>} the labels, in one order whatever was given
 */
function checkLabels(operation, labels = {}) {
  const names = typeof labels === 'object' && labels !== null ? Object.keys(labels).sort() : [0]
  const fine = (name) =>
    /^[a-zA-Z][a-zA-Z0-9_]*$/.test(name) &&
    !RESERVED.includes(name) &&
    ['string', 'number'].includes(typeof labels[name])
  if (!names.every(fine)) {
    const message =
      'metricsLabels is an object of texts or numbers, under names of letters, digits and _ which ' +
      `begin with a letter and are not ${RESERVED.join(' or ')}`
    throw new InvalidParametersError(message, { operation })
  }
  return Object.freeze(Object.fromEntries(names.map((name) => [name, String(labels[name])])))
}

module.exports = { checkLabels }
