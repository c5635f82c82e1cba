// A password on its way to the addon: bytes of its own, which are zeroed when they were used. The
// text that it came as is the caller's, and no program can zero text in JavaScript.

const { invalid } = require('./messenger-arguments.js')
const { isWellFormed } = require('./well-formed.js')

/** The bytes of a password of a store or a backup. */
function secretOf(operation, password, name = 'a password') {
  if (password === '') throw invalid(operation, `${name} that is text`)
  return anySecretOf(operation, password, name)
}

/** Like `secretOf`, and may be empty. */
function anySecretOf(operation, password, name = 'a password') {
  if (typeof password !== 'string') throw invalid(operation, `${name} that is text`)
  // Two that are not would have one key.
  if (!isWellFormed(password)) throw invalid(operation, `${name} that is well-formed text`)
  // Not from the pool, which others are given parts of.
  return Buffer.alloc(Buffer.byteLength(password), password)
}

/** Zeroes what `secretOf` has given. */
function forget(...secrets) {
  for (const secret of secrets) secret?.fill(0)
}

module.exports = { anySecretOf, forget, secretOf }
