// The options of an opening as callers give them, checked and brought into the engine's limits. A
// size beyond a limit counts as the limit, as it does for LevelDB; what is no size is refused. What
// is undefined or null is not given.

const { errorOf } = require('./errors.js')
const { given } = require('./given.js')
const { checkLabels } = require('./metrics/labels.js')

const KIB = 1 << 10
const GIB = 1 << 30

/** A reserve of the size that the room on the disk asks for. */
const AUTO = 'auto'

const SWITCHES = ['createIfMissing', 'errorIfExists', 'readOnly', 'paranoidChecks', 'salvage']

/** The least and the most of each number. */
const NUMBERS = {
  writeBufferSize: [16 * KIB, GIB],
  cacheSize: [0, Number.MAX_SAFE_INTEGER],
  maxOpenFiles: [0, Number.MAX_SAFE_INTEGER],
  blockSize: [KIB, 4 << 20],
  blockRestartInterval: [1, 1 << 16],
  maxFileSize: [64 * KIB, 4 * GIB],
  bloomBitsPerKey: [0, 64],
  syncInterval: [0, 86_400_000],
  reserveSize: [0, GIB],
  lockTimeout: [0, Number.MAX_SAFE_INTEGER],
}

/** All options that the engine knows. */
const ENGINE_OPTIONS = [
  ...SWITCHES,
  ...Object.keys(NUMBERS),
  'compression',
  'compressionLevel',
  'durability',
  'metricsLabels',
]

const COMPRESSIONS = ['none', 'snappy', 'zstd']
const ZSTD_LEVELS = [-7, 22]

/**
 * @param {string} operation what the caller had asked for, for the error
 * @returns {Record<string, any>} those that the engine knows
 */
function engineOptions(operation, options) {
  const known = {}
  for (const name of SWITCHES) {
    const value = options[name] ?? undefined
    if (value === undefined) continue
    if (typeof value !== 'boolean') throw invalid(operation, `${name} is true or false`, value)
    known[name] = value
  }
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const value = options[name] ?? undefined
    if (value === undefined) continue
    if (typeof value === 'number' && value >= 0) {
      known[name] = Math.min(Math.max(Math.floor(value), least), most)
    } else if (name === 'reserveSize' && value === AUTO) {
      known[name] = value
    } else {
      const orAuto = name === 'reserveSize' ? `, or '${AUTO}'` : ''
      throw invalid(operation, `${name} is a number of 0 or more${orAuto}`, value)
    }
  }
  const metricsLabels = options.metricsLabels ?? undefined
  return {
    ...known,
    ...compressionOf(operation, options),
    ...(known.readOnly && { createIfMissing: false }),
    ...(metricsLabels !== undefined && { metricsLabels: checkLabels(operation, metricsLabels) }),
  }
}

function compressionOf(operation, { compression, compressionLevel }) {
  const known = {}
  // classic-level knows this as a switch between Snappy and nothing.
  if (compression === false) known.compression = 'none'
  else if (COMPRESSIONS.includes(compression)) known.compression = compression
  else if (compression !== true && (compression ?? undefined) !== undefined) {
    const rule = `compression is true, false or one of ${COMPRESSIONS.join(', ')}`
    throw invalid(operation, rule, compression)
  }
  if ((compressionLevel ?? undefined) !== undefined) {
    const [least, most] = ZSTD_LEVELS
    if (
      !Number.isInteger(compressionLevel) ||
      compressionLevel < least ||
      compressionLevel > most
    ) {
      const rule = `compressionLevel is a whole number from ${least} to ${most}`
      throw invalid(operation, rule, compressionLevel)
    }
    known.compressionLevel = compressionLevel
  }
  return known
}

function invalid(operation, rule, value) {
  return errorOf('INVALID_PARAMETERS', `${rule}, not ${given(value)}`, { operation })
}

module.exports = { AUTO, ENGINE_OPTIONS, engineOptions }
