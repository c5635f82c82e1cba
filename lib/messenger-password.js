// A password on its way to the addon: bytes of its own, which are zeroed when they were used. The
// text that it came as is the caller's, and no program can zero text in JavaScript. So no text is made
// of them again, and no regular expression sees the caller's: the last one that fitted is kept.

const { invalid } = require('./messenger-arguments.js')
const { given } = require('./given.js')
const { isWellFormed } = require('./well-formed.js')

const SHORT = 8
/** Of the forms that ids of libp2p peers have: how they begin, and how long they are. */
const PEER_IDS = [
  { begins: [...Buffer.from('12D3KooW')], length: 52 },
  { begins: [...Buffer.from('Qm')], length: 46 },
  { begins: [...Buffer.from('16Uiu2HA')], length: 53 },
]
const BASE58 = new Set(Buffer.from('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'))

/** The bytes of a password of a store or a backup. */
function secretOf(operation, password, name = 'a password') {
  if (password === '') throw invalid(operation, `${name} that is not empty`)
  return anySecretOf(operation, password, name)
}

/** Like `secretOf`, and may be empty. */
function anySecretOf(operation, password, name = 'a password') {
  if (typeof password !== 'string')
    throw invalid(operation, `${name} that is text, not ${given(password)}`)
  // Two that are not would have one key.
  if (!isWellFormed(password)) throw invalid(operation, `${name} that is well-formed text`)
  // Not from the pool, which others are given parts of.
  return Buffer.alloc(Buffer.byteLength(password), password)
}

/** Zeroes what `secretOf` has given. */
function forget(...secrets) {
  for (const secret of secrets) secret?.fill(0)
}

/** Whether others know such a password or can guess it: it is short, or the id of a libp2p peer. */
function isWeak(secret) {
  return lengthOf(secret) < SHORT || PEER_IDS.some((kind) => isPeerId(secret, kind))
}

function isPeerId(secret, { begins, length }) {
  return (
    secret.length === length &&
    begins.every((byte, index) => secret[index] === byte) &&
    secret.every((byte) => BASE58.has(byte))
  )
}

/** How many characters there are: bytes that do not go on with one. */
function lengthOf(secret) {
  return secret.reduce((count, byte) => count + ((byte & 0xc0) === 0x80 ? 0 : 1), 0)
}

module.exports = { anySecretOf, forget, isWeak, secretOf }
