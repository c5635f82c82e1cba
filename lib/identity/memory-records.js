// Records of memories and crystals on their way between callers, the addon and a store.
//
// A store has records of others beside them, and nothing but their fields says what they are. What
// is neither a memory nor a crystal is left alone.

const { carefully } = require('../carefully.js')
const { errorOf } = require('../errors.js')
const { given, isPromise } = require('../given.js')

const QUALITIES = ['phi', 'coherence', 'awareness', 'emotionalResonance']
const ABSENT_QUALITY = 0.5
/** The `type` of records of ages. */
const AGES = 'memory-ages'
const ORDERED_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What the addon makes a memory of. */
function draftOf(data, consciousnessState, crystalAbove) {
  const qualities = carefully('encodeSigilMemory', 'consciousnessState', () =>
    QUALITIES.map((name) => {
      const quality = consciousnessState?.[name]
      return typeof quality === 'number' && !Number.isNaN(quality) ? quality : ABSENT_QUALITY
    }),
  )
  return {
    data: textOf('data', data),
    state: textOf('consciousnessState', consciousnessState),
    qualities,
    crystalAbove,
  }
}

function textOf(name, value) {
  let text
  let cause
  try {
    // JSON makes nothing of a promise, and nobody would notice.
    if (!isPromise(value)) text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text !== undefined) return text
  const operation = 'encodeSigilMemory'
  const message = `${operation} needs ${name} that has a JSON text, not ${given(value)}`
  throw errorOf('INVALID_PARAMETERS', message, cause ? { operation, cause } : { operation })
}

/**
 * All records that a store has for everybody, as JSON keeps them, so that nothing else is met with
 * here. Those of a list are in the order of their making.
 */
async function* recordsOf(storage) {
  if (typeof storage.records === 'function') {
    yield* storage.records()
    return
  }
  const all = await storage.allSigilRecords()
  if (typeof all?.[Symbol.iterator] !== 'function') {
    const operation = 'initialize'
    throw errorOf('STORAGE_ERROR', 'allSigilRecords gives no list of records', { operation })
  }
  const records = Array.from(all, plain)
  yield* records.sort((one, other) => timeOf(one) - timeOf(other) || byId(one, other))
}

/** undefined where it has no JSON text: then it is no memory either. */
function plain(record) {
  try {
    return JSON.parse(JSON.stringify(record))
  } catch {
    return undefined
  }
}

/** An id of version 7 says when it was made, and of equal times in which order; a calendar can be set. */
function timeOf(record) {
  const { id, timestamp } = record ?? {}
  if (ORDERED_ID.test(id)) return Number.parseInt(id.replace('-', '').slice(0, 12), 16)
  return Number.isFinite(timestamp) ? timestamp : 0
}

function byId(one, other) {
  if (!ORDERED_ID.test(one?.id) || !ORDERED_ID.test(other?.id)) return 0
  return one.id < other.id ? -1 : 1
}

/** What the addon takes up as a memory; undefined where the record is none. */
function storedOf(record) {
  const isMemory =
    typeof record?.id === 'string' &&
    Array.isArray(record.memoryPattern) &&
    Number.isFinite(record.resonanceFrequency) &&
    Number.isFinite(record.crystallizationPotential)
  if (!isMemory) return undefined
  const { accessCount, lastAccessed, decay, isPersistent, idleMilliseconds, ...fixed } = record
  return {
    id: record.id,
    fixed: JSON.stringify(fixed),
    frequency: record.resonanceFrequency,
    potential: record.crystallizationPotential,
    accessCount: finite(accessCount),
    lastAccessed: finite(lastAccessed, finite(record.timestamp)),
    decay: finite(decay),
    persistent: isPersistent === true,
    idle: finite(idleMilliseconds),
  }
}

/** What the addon takes up as the crystal of a group; undefined where the record is none. */
function patternOf(record) {
  const { type, group, members } = record ?? {}
  if (type !== 'pattern-crystal' || !Number.isSafeInteger(group)) return undefined
  return { group, members: String(members), text: JSON.stringify(record) }
}

/** What the addon takes up as ages of memories; undefined where the record has none. */
function agesOf(record) {
  const { type, memories } = record ?? {}
  if (type !== AGES) return undefined
  return Array.isArray(memories) ? memories.filter(isAge) : []
}

function isAge(age) {
  return (
    Array.isArray(age) &&
    typeof age[0] === 'string' &&
    [1, 2, 3].every((at) => Number.isFinite(age[at]))
  )
}

function finite(value, otherwise = 0) {
  return Number.isFinite(value) ? value : otherwise
}

module.exports = { AGES, agesOf, draftOf, patternOf, recordsOf, storedOf }
