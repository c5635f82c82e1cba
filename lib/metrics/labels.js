// Labels that a store's user gives to its numbers, to tell stores apart.

const { InvalidParametersError } = require('../errors.js')

/** Taken by the numbers themselves. */
const RESERVED = ['le', 'code']

/** @returns {Readonly<Record<string, string>>} the labels, in one order whatever was given */
function checkLabels(labels = {}) {
  const names = typeof labels === 'object' && labels !== null ? Object.keys(labels).sort() : [0]
  const fine = (name) =>
    /^[a-zA-Z][a-zA-Z0-9_]*$/.test(name) &&
    !RESERVED.includes(name) &&
    ['string', 'number'].includes(typeof labels[name])
  if (!names.every(fine)) {
    throw new InvalidParametersError('metricsLabels has names of letters and digits, and texts')
  }
  return Object.freeze(Object.fromEntries(names.map((name) => [name, String(labels[name])])))
}

module.exports = { checkLabels }
