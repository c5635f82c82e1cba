// Whether a string has a UTF-8 form. One with a lone surrogate has not; the usual conversion puts a
// replacement character there, and makes different strings equal.

const loneSurrogate = /\p{Surrogate}/u

/** @type {(text: string) => boolean} */
const isWellFormed =
  typeof String.prototype.isWellFormed === 'function'
    ? (text) => text.isWellFormed()
    : (text) => !loneSurrogate.test(text) // Node 18

module.exports = { isWellFormed }
