// Looking at what somebody has given, where looking can fail: a getter that throws, a proxy that was
// revoked. What fails is refused like anything else that can never work.

const { errorOf, SigilError } = require('./errors.js')

/**
 * @template T
 * @param {string} operation
 * @param {string} what the part of the call that is looked at
 * @param {() => T} look
 * @returns {T}
 */
function carefully(operation, what, look) {
  try {
    return look()
  } catch (cause) {
    if (cause instanceof SigilError) throw cause
    const message = `${operation} cannot read ${what}`
    throw errorOf('INVALID_PARAMETERS', message, { operation, cause })
  }
}

module.exports = { carefully }
