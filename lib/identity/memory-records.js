// Records of memories and crystals on their way between callers, the addon and a store.
//
// A store has records of others beside them, and nothing but their fields says what they are. What
// is neither a memory nor a crystal is left alone.

const { carefully } = require('../carefully.js')
const { errorOf } = require('../errors.js')

const QUALITIES = ['phi', 'coherence', 'awareness', 'emotionalResonance']
const ABSENT_QUALITY = 0.5

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
    text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text !== undefined) return text
  const operation = 'encodeSigilMemory'
  const message = `${operation} needs ${name} that has a JSON text`
  throw errorOf('INVALID_PARAMETERS', message, cause ? { operation, cause } : { operation })
}

/**
 * All records that a store has for everybody, as JSON keeps them, so that nothing else is met with
 * here. Those of a list are in the order of their times.
 */
async function* recordsOf(storage) {
  if (typeof storage.records === 'function') {
    yield* storage.records()
    return
  }
  const all = Array.from(await storage.allSigilRecords(), plain)
  yield* all.sort((one, other) => timeOf(one) - timeOf(other))
}

/** undefined where it has no JSON text: then it is no memory either. */
function plain(record) {
  try {
    return JSON.parse(JSON.stringify(record))
  } catch {
    return undefined
  }
}

function timeOf(record) {
  return Number.isFinite(record?.timestamp) ? record.timestamp : 0
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

function finite(value, otherwise = 0) {
  return Number.isFinite(value) ? value : otherwise
}

module.exports = { draftOf, patternOf, recordsOf, storedOf }
