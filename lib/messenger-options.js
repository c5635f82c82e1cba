// The messenger's configuration, checked, as the addon wants it.

const { join, resolve } = require('node:path')
const { given } = require('./given.js')
const { LEVELS } = require('./native-db.js')
const { invalid } = require('./messenger-arguments.js')
const { callNative } = require('./native.js')
const { checkNames } = require('./option-names.js')

const OPERATION = 'StorageEngine'

/** What a number has to be. */
const NUMBERS = {
  backupInterval: { least: 1, most: 2 ** 40 },
  keepBackups: { least: 1, most: 2 ** 20 },
  // With the brackets of a list it is still a text that V8 has.
  maxValueSize: { least: 1, most: 2 ** 29 - 1024 },
  eraseWithin: { least: 1, most: 2 ** 40 },
  // Below 2 ** 32, at which nothing is written any more: the change of the key takes some uses too.
  rotateAfter: { least: 1, most: 2 ** 31 },
}

const NAMES = [
  ...['dataPath', 'encryptionPassword', 'autoBackup', 'kdf', 'durability'],
  ...['onFault', 'getEpoch', 'setEpoch'],
  ...Object.keys(NUMBERS),
]
const COSTS = ['rounds', 'memory', 'passes', 'lanes']

/** @param {Record<string, any>} config without the password */
function checkConfig(config) {
  checkNames(OPERATION, config, NAMES)
  if (typeof config.dataPath !== 'string' || config.dataPath === '') {
    throw invalid(OPERATION, `a dataPath that is text, not ${given(config.dataPath)}`)
  }
  for (const [name, { least, most }] of Object.entries(NUMBERS)) {
    const value = config[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      const rule = `${name} that is a whole number from ${least} to ${most}`
      throw invalid(OPERATION, `${rule}, not ${given(value)}`)
    }
  }
  for (const name of ['onFault', 'getEpoch', 'setEpoch']) {
    const value = config[name]
    if (value !== undefined && typeof value !== 'function') {
      throw invalid(OPERATION, `${name} that is a function, not ${given(value)}`)
    }
  }
  if ((config.getEpoch === undefined) !== (config.setEpoch === undefined)) {
    throw invalid(OPERATION, 'both getEpoch and setEpoch, or neither')
  }
  if (config.durability !== undefined && !Object.hasOwn(LEVELS, config.durability)) {
    throw invalid(OPERATION, `a durability of ${Object.keys(LEVELS).join(', ')}`)
  }
  checkKdf(config.kdf)
}

function checkKdf(kdf) {
  if (kdf === undefined) return
  if (typeof kdf !== 'object' || kdf === null || !['pbkdf2', 'argon2id'].includes(kdf.name)) {
    throw invalid(OPERATION, `a kdf whose name is 'pbkdf2' or 'argon2id'`)
  }
  checkNames(OPERATION, kdf, ['name', ...COSTS], `${OPERATION}'s kdf`)
  for (const name of COSTS) {
    const value = kdf[name]
    if (value !== undefined && !(Number.isInteger(value) && value > 0 && value < 2 ** 32)) {
      throw invalid(OPERATION, `kdf.${name} that is a whole number above 0, not ${given(value)}`)
    }
  }
  const costs = COSTS.map((name) => kdf[name])
  callNative(OPERATION, (addon) => addon.checkKdf(kdf.name, ...costs))
}

/** Where the store and its backups are. */
function placesOf({ dataPath }) {
  return { root: resolve(dataPath, 'g3zkp-db'), backups: join(dataPath, 'backups') }
}

function nativeOptions(config, backups, epoch) {
  const { kdf = {} } = config
  return {
    backups: resolve(backups),
    backupInterval: config.autoBackup ? config.backupInterval : undefined,
    keepBackups: config.keepBackups,
    kdf: kdf.name,
    kdfRounds: kdf.rounds,
    kdfMemory: kdf.memory,
    kdfPasses: kdf.passes,
    kdfLanes: kdf.lanes,
    maxValueSize: config.maxValueSize,
    eraseWithin: config.eraseWithin,
    level: LEVELS[config.durability],
    rotateAfter: config.rotateAfter,
    epoch,
  }
}

module.exports = { checkConfig, nativeOptions, placesOf }
