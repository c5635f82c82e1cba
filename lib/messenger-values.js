// Values as text and back. docs/format/vault-values.md has the encoding: plain JSON wherever that is
// enough, so that it costs and gives what JSON does, and otherwise JSON in which some objects stand
// for what JSON has no words for. A value is looked through once before it becomes text; that finds
// what JSON would drop without a word, too.

const { types } = require('node:util')
const { errorOf, InvalidParametersError, StorageError } = require('./errors.js')
const { base64Of, KEPT, kindOf, reviveTyped, spellTyped } = require('./messenger-kinds.js')

const PLAIN = ' '
const SPECIAL = '\n'

/** What a value stands for in JSON that has more than JSON. */
const DECODERS = {
  $buffer: (text) => Buffer.from(text, 'base64'),
  $bytes: (text) => new Uint8Array(Buffer.from(text, 'base64')),
  $date: (time) => new Date(time === null ? Number.NaN : time),
  $bigint: (digits) => BigInt(digits),
  $undefined: () => undefined,
  $number: (name) => Number(name),
  $map: (entries) => new Map(entries.map(([key, value]) => [revive(key), revive(value)])),
  $set: (members) => new Set(members.map(revive)),
  $typed: reviveTyped,
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
    const isPlain = look(value, unfit)
    const text = JSON.stringify(isPlain ? value : spell(value, ''))
    if (text === undefined) throw unfit('what has no JSON text')
    return (isPlain ? PLAIN : SPECIAL) + text
  } catch (error) {
    if (error instanceof InvalidParametersError) throw error
    if (isTooLong(error)) {
      const message = `${operation} cannot keep a value of this size`
      throw errorOf('VALUE_TOO_LARGE', message, { operation, cause: error })
    }
    if (isTooDeep(error)) throw unfit('a value in which objects are so deep in each other', error)
    // A toJSON or getter of the caller's that throws.
    throw unfit('a value that has no JSON text', error)
  }
}

// Errors of the engine, which may come from another realm.

function isTooLong(error) {
  return error?.code === 'ERR_STRING_TOO_LONG' || error?.message === 'Invalid string length'
}

function isTooDeep(error) {
  return error?.name === 'RangeError' && /call stack/.test(error.message)
}

/**
 * Whether JSON alone can hold a value. It goes as deep as JSON does, which is deeper than a function
 * can call itself that is not made for it.
 */
function look(root, unfit) {
  let isPlain = true
  /** What is being looked at and what contains it, each with its members and the next of them. */
  const path = []
  const above = new Set()

  const lookAt = (value) => {
    if (typeof value === 'function') throw unfit('a function')
    if (typeof value === 'symbol') throw unfit('a symbol')
    if (typeof value === 'bigint') isPlain = false
    if (typeof value !== 'object' || value === null) return
    if (above.has(value)) throw unfit('a value that contains itself')
    const kind = kindOf(value)
    if (kind !== KEPT && kind !== undefined) throw unfit(kind)
    const isOwn = kind === KEPT || typeof value.toJSON === 'function'
    if (isOwn) isPlain = false
    const members = isOwn ? partsOf(value, kind) : membersOf(value)
    above.add(value)
    path.push({ value, members, next: 0 })
  }

  lookAt(root)
  while (path.length > 0) {
    const last = path[path.length - 1]
    if (last.next < last.members.length) {
      lookAt(last.members[last.next++])
    } else {
      above.delete(last.value)
      path.pop()
    }
  }
  return isPlain
}

/** What is in an object that says itself what it is in JSON, or that JSON has no words for. */
function partsOf(object, kind) {
  if (kind === KEPT) return keptIn(object)
  // What it gives is asked for again by `spell`, and only there. JSON asks no object twice, so one
  // that gives itself is what is in it.
  const given = object.toJSON('')
  return given === object ? membersOf(object) : [given]
}

function membersOf(object) {
  return Array.isArray(object) ? object : Object.values(object)
}

function keptIn(object) {
  if (types.isMap(object)) return [...entriesOf(object)].flat()
  return types.isSet(object) ? [...valuesOf(object)] : []
}

/** A value of which `JSON.stringify` makes text of the second kind. */
function spell(value, key) {
  if (typeof value === 'bigint') return { $bigint: value.toString() }
  if (typeof value !== 'object' || value === null) return value
  if (kindOf(value) === KEPT) return spellSpecial(value)
  if (typeof value.toJSON !== 'function') return spellMembers(value)
  const given = value.toJSON(key)
  return given === value ? spellMembers(value) : spell(given, key)
}

function spellMembers(value) {
  if (types.isStringObject(value)) return String(value)
  if (types.isNumberObject(value)) return Number(value)
  if (types.isBooleanObject(value)) return value.valueOf()
  if (Array.isArray(value)) return Array.from(value, (member, index) => spell(member, `${index}`))
  const members = {}
  for (const name of Object.keys(value)) {
    const member = spell(value[name], name)
    if (!isDropped(member)) define(members, name, member)
  }
  // Only now, because what JSON leaves out does not tell two objects apart when they are read.
  return specialKeyOf(members) === undefined ? members : { $object: members }
}

/** Whether JSON leaves a member out. A function or symbol comes only from a fickle `toJSON`. */
function isDropped(member) {
  return member === undefined || typeof member === 'function' || typeof member === 'symbol'
}

/** The only key of an object, if it begins with `$`. */
function specialKeyOf(object) {
  const keys = Object.keys(object)
  return keys.length === 1 && keys[0].startsWith('$') ? keys[0] : undefined
}

function spellSpecial(value) {
  if (types.isBigIntObject(value)) return { $bigint: BigInt.prototype.toString.call(value) }
  if (types.isDate(value)) return { $date: Date.prototype.getTime.call(value) }
  if (types.isMap(value)) {
    return { $map: Array.from(entriesOf(value), (entry) => entry.map(spellPart)) }
  }
  if (types.isSet(value))
    return { $set: Array.from(valuesOf(value), (member) => spellPart(member)) }
  if (!types.isUint8Array(value)) return { $typed: spellTyped(value) }
  return Buffer.isBuffer(value) ? { $buffer: base64Of(value) } : { $bytes: base64Of(value) }
}

/**
 * A key or a value of a map, or a member of a set, which JSON would put `null` or `0` for. Keys and
 * members would become one then.
 */
function spellPart(part) {
  const spelt = spell(part, '')
  if (isDropped(spelt)) return { $undefined: true }
  if (typeof spelt !== 'number') return spelt
  if (Object.is(spelt, -0)) return { $number: '-0' }
  return Number.isFinite(spelt) ? spelt : { $number: String(spelt) }
}

function entriesOf(map) {
  return Map.prototype.entries.call(map)
}

function valuesOf(set) {
  return Set.prototype.values.call(set)
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
  } catch {
    throw unreadable(operation)
  }
}

/** The values of a list: texts of arrays, and which of all their members are special. */
function decodeList(operation, { texts, special }) {
  try {
    const values = texts.length === 1 ? JSON.parse(texts[0]) : parseAll(texts)
    for (const index of special) values[index] = revive(values[index])
    return values
  } catch {
    throw unreadable(operation)
  }
}

function parseAll(texts) {
  return texts.flatMap((text) => JSON.parse(text))
}

// Without what was thrown, which quotes the text.
function unreadable(operation) {
  const details = { code: 'RECORD_UNREADABLE', operation }
  return new StorageError('a stored value is not what this version writes', details)
}

function revive(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revive)
  const key = specialKeyOf(value)
  if (key === undefined) return reviveMembers(value)
  if (!Object.hasOwn(DECODERS, key)) throw new Error('a special value of an unknown kind')
  return DECODERS[key](value[key])
}

function reviveMembers(members) {
  for (const name of Object.keys(members)) define(members, name, revive(members[name]))
  return members
}

module.exports = { decode, decodeList, encode }
