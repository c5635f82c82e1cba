// Values as text and back. docs/format/vault-values.md has the encoding: plain JSON wherever that is
// enough, so that it costs and gives what JSON does, and otherwise JSON in which some objects stand
// for what JSON has no words for. A value is looked through once before it becomes text; that finds
// what JSON would drop without a word, too.

const { InvalidParametersError, StorageError } = require('./errors.js')

const PLAIN = ' '
const SPECIAL = '\n'

/** Objects that JSON takes for what is in them. */
const BOXES = [String, Number, Boolean]

/** What a value stands for in JSON that has more than JSON. */
const DECODERS = {
  $buffer: (text) => Buffer.from(text, 'base64'),
  $bytes: (text) => new Uint8Array(Buffer.from(text, 'base64')),
  $date: (time) => new Date(time === null ? Number.NaN : time),
  $bigint: (digits) => BigInt(digits),
  $map: (entries) => new Map(entries.map(([key, value]) => [revive(key), revive(value)])),
  $object: (members) => reviveMembers(members),
}

/**
 * @param {string} operation what the caller had asked for, for the error
 * @param {unknown} value
 */
function encode(operation, value) {
  const unfit = (why, cause) =>
    new InvalidParametersError(`${operation} cannot keep ${why}`, { operation, cause })
  try {
    const isPlain = look(value, [], unfit)
    const text = JSON.stringify(isPlain ? value : spell(value, ''))
    if (text === undefined) throw unfit('what has no JSON text')
    return (isPlain ? PLAIN : SPECIAL) + text
  } catch (error) {
    if (error instanceof InvalidParametersError) throw error
    // Too deep for the stack, or a toJSON or getter of the caller's that throws.
    throw unfit('a value that has no JSON text', error)
  }
}

/** Whether JSON alone can hold a value. Circles are found by their members being among `above`. */
function look(value, above, unfit) {
  switch (typeof value) {
    case 'bigint':
      return false
    case 'function':
      throw unfit('a function')
    case 'symbol':
      throw unfit('a symbol')
    case 'object':
      return value === null || lookInto(value, above, unfit)
    default:
      return true
  }
}

function lookInto(object, above, unfit) {
  if (above.includes(object)) throw unfit('a value that contains itself')
  if (isSpecial(object)) {
    if (object instanceof Map) {
      above.push(object)
      for (const [key, value] of object) {
        look(key, above, unfit)
        look(value, above, unfit)
      }
      above.pop()
    }
    return false
  }
  above.push(object)
  let isPlain = true
  if (typeof object.toJSON === 'function') {
    // What it gives is asked for again by `spell`, and only there.
    look(object.toJSON(''), above, unfit)
    isPlain = false
  } else if (Array.isArray(object)) {
    for (const value of object) isPlain = look(value, above, unfit) && isPlain
  } else {
    for (const key of Object.keys(object)) isPlain = look(object[key], above, unfit) && isPlain
  }
  above.pop()
  return isPlain
}

function isSpecial(object) {
  return (
    object instanceof Uint8Array ||
    object instanceof Date ||
    object instanceof Map ||
    isForeign(object)
  )
}

// Of another realm: a worker of jest, a vm context. Their classes are others, their tags are not.
function isForeign(object) {
  if (ArrayBuffer.isView(object)) return object[Symbol.toStringTag] === 'Uint8Array'
  const tag = Object.prototype.toString.call(object)
  return tag === '[object Date]' || tag === '[object Map]'
}

/** A value of which `JSON.stringify` makes text of the second kind. */
function spell(value, key) {
  if (typeof value === 'bigint') return { $bigint: value.toString() }
  if (typeof value !== 'object' || value === null) return value
  if (isSpecial(value)) return spellSpecial(value)
  if (typeof value.toJSON === 'function') return spell(value.toJSON(key), key)
  if (BOXES.some((Box) => value instanceof Box)) return value.valueOf()
  if (Array.isArray(value)) return Array.from(value, (member, index) => spell(member, `${index}`))
  const keys = Object.keys(value)
  const members = {}
  for (const name of keys) define(members, name, spell(value[name], name))
  return keys.length === 1 && keys[0].startsWith('$') ? { $object: members } : members
}

function spellSpecial(value) {
  if (ArrayBuffer.isView(value)) {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    return Buffer.isBuffer(value) ? { $buffer: text } : { $bytes: text }
  }
  if (typeof value.getTime === 'function') return { $date: value.getTime() }
  // An entry that is undefined has no place in an array of JSON's but null.
  return { $map: Array.from(value, ([key, member]) => [spell(key, ''), spell(member, '')]) }
}

// A plain assignment to `__proto__` would not make a member.
function define(object, name, value) {
  if (name !== '__proto__') object[name] = value
  else {
    const place = { value, enumerable: true, configurable: true, writable: true }
    Object.defineProperty(object, name, place)
  }
}

/** The value of a text. */
function decode(operation, text) {
  try {
    const value = JSON.parse(text)
    return text.startsWith(SPECIAL) ? revive(value) : value
  } catch (cause) {
    throw unreadable(operation, cause)
  }
}

/** The values of a list: a text of an array, and which of its members are special. */
function decodeList(operation, { text, special }) {
  try {
    const values = JSON.parse(text)
    for (const index of special) values[index] = revive(values[index])
    return values
  } catch (cause) {
    throw unreadable(operation, cause)
  }
}

function unreadable(operation, cause) {
  const details = { code: 'RECORD_UNREADABLE', operation, cause }
  return new StorageError('a stored value is not what this version writes', details)
}

function revive(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revive)
  const keys = Object.keys(value)
  if (keys.length !== 1 || !keys[0].startsWith('$')) return reviveMembers(value)
  if (!Object.hasOwn(DECODERS, keys[0])) throw new Error('a special value of an unknown kind')
  return DECODERS[keys[0]](value[keys[0]])
}

function reviveMembers(members) {
  for (const name of Object.keys(members)) define(members, name, revive(members[name]))
  return members
}

module.exports = { decode, decodeList, encode }
