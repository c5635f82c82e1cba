// The counter that a host keeps elsewhere, which tells an old copy of the store that was put back
// (docs/threat-model.md). The host's functions may give and throw anything.

const { carefully } = require('./carefully.js')
const { SigilError, errorOf } = require('./errors.js')
const { given } = require('./given.js')
const { invalid } = require('./messenger-arguments.js')

/** What the host remembers; 0 where that is nothing. */
async function epochOf(operation, getEpoch) {
  let epoch
  try {
    epoch = (await getEpoch()) ?? 0
  } catch (error) {
    throw epochFailed(operation, error)
  }
  const number = carefully(operation, 'the epoch', () => Number(epoch))
  if (Number.isSafeInteger(number) && number >= 0) return number
  const rule = 'a getEpoch that gives a whole number of 0 or more'
  throw invalid(operation, `${rule}, not ${given(epoch)}`)
}

function epochFailed(operation, cause) {
  if (cause instanceof SigilError) return cause
  const message = 'the host could not keep the epoch'
  return errorOf('STORAGE_ERROR', message, { operation, cause, transient: true })
}

module.exports = { epochFailed, epochOf }
