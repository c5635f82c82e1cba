// Objects that JSON has no words for. Some are kept, by an encoding of their own, in
// messenger-values.js; others cannot be, and are refused: JSON would make `{}` of them, or leave out
// what counts, and nobody would hear of it.
//
// They are told by what they are inside: neither by their class, which another realm has too, nor by
// a tag, which anything can give itself.

const { types } = require('node:util')

/** Views and memory that are kept, by their names. Every Node that runs this has these. */
const TYPED = {
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
}
const ARRAY_BUFFER = 'ArrayBuffer'

const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
).get

/** What JSON would lose, and what it is called. */
const REFUSED = [
  [types.isRegExp, 'a regular expression'],
  [types.isNativeError, 'an error'],
  [types.isPromise, 'a promise'],
  [types.isWeakMap, 'a weak map'],
  [types.isWeakSet, 'a weak set'],
  [types.isSharedArrayBuffer, 'shared memory'],
  [types.isSymbolObject, 'a symbol'],
  [types.isGeneratorObject, 'an iterator'],
  [types.isMapIterator, 'an iterator'],
  [types.isSetIterator, 'an iterator'],
  [types.isKeyObject, 'a key object'],
  [types.isCryptoKey, 'a key object'],
  [types.isExternal, 'a pointer'],
  [types.isArrayBufferView, 'an array of this kind'],
]

/** An object that is kept by an encoding of its own. */
const KEPT = Symbol('kept')

/** @returns {KEPT | string | undefined} what an object is called that is refused; undefined for what JSON has words for */
function kindOf(object) {
  if (
    types.isUint8Array(object) ||
    types.isDate(object) ||
    types.isMap(object) ||
    types.isBigIntObject(object)
  ) {
    return KEPT
  }
  // Those that say what they are in JSON are asked.
  if (isUsual(object) || typeof object.toJSON === 'function') return undefined
  if (types.isSet(object) || isTyped(object)) return KEPT
  return REFUSED.find(([is]) => is(object))?.[1]
}

/** Most are, and what this asks is asked fast. */
function isUsual(object) {
  const prototype = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === Array.prototype
}

function isTyped(object) {
  return types.isArrayBuffer(object) || Object.hasOwn(TYPED, viewName(object) ?? '')
}

function viewName(object) {
  return types.isDataView(object) ? 'DataView' : typedArrayName.call(object)
}

/** The name of a typed object and its bytes, as base64. */
function spellTyped(object) {
  if (types.isArrayBuffer(object)) return [ARRAY_BUFFER, Buffer.from(object).toString('base64')]
  return [viewName(object), base64Of(object)]
}

function base64Of({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

function reviveTyped([name, text]) {
  // With memory of its own: a Buffer may be a part of some that is not aligned.
  const { buffer } = new Uint8Array(Buffer.from(text, 'base64'))
  if (name === ARRAY_BUFFER) return buffer
  if (!Object.hasOwn(TYPED, name)) throw new Error('a typed array of an unknown kind')
  return new TYPED[name](buffer)
}

module.exports = { base64Of, KEPT, kindOf, reviveTyped, spellTyped }
