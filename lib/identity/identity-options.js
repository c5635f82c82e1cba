// What an identity can be given, and what of it could never work. What is undefined or null is not
// given.

const { performance } = require('node:perf_hooks')
const { carefully } = require('../carefully.js')
const { errorOf } = require('../errors.js')
const { given } = require('../given.js')
const { checkNames, checkOptions: checkOptionNames } = require('../option-names.js')

const MEMORY_CONFIG = {
  maxSigils: 10_000,
  resonanceThreshold: 0.85,
  crystallizationThreshold: 0.9,
  memoryDecayRate: 0.001,
}
/** Rates between which decays can be compared exactly. */
const SLOWEST = 1e-15
const FASTEST = 1e9
const DECAY_PERIOD = 5000
const CRYSTALLIZATION_PERIOD = 10_000
const LEASE_DURATION = 15_000
const OPTIONS = ['clock', 'decayPeriod', 'crystallizationPeriod', 'leaseDuration', 'memoryConfig']
const STORE_METHODS = ['setSigilRecord', 'getSigilRecord', 'deleteSigilRecord', 'allSigilRecords']

const CLOCK = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
}

function checkStorage(storage) {
  const missing = carefully('SigilIdentity', 'the store', () =>
    STORE_METHODS.filter((name) => typeof storage?.[name] !== 'function'),
  )
  if (missing.length > 0) {
    throw invalid(`SigilIdentity takes (store, options): a store has ${STORE_METHODS.join(', ')}`)
  }
  return storage
}

function checkClock(wanted) {
  const clock = wanted ?? CLOCK
  if (typeof clock.now !== 'function' || typeof clock.elapsed !== 'function') {
    throw invalid('a clock has the functions now and elapsed')
  }
  return {
    now: () => timeOf(clock.now(), 'now'),
    elapsed: () => timeOf(clock.elapsed(), 'elapsed'),
  }
}

function timeOf(time, name) {
  if (Number.isFinite(time)) return time
  throw invalid(`the function ${name} of a clock gives a number of milliseconds`)
}

/** Milliseconds between two sweeps of a kind. */
function checkPeriods(wanted) {
  const decayPeriod = wanted.decayPeriod ?? DECAY_PERIOD
  const crystallizationPeriod = wanted.crystallizationPeriod ?? CRYSTALLIZATION_PERIOD
  for (const [name, period] of Object.entries({ decayPeriod, crystallizationPeriod })) {
    if (!Number.isFinite(period) || period < 1) {
      throw invalid(`${name} is a number of milliseconds, 1 or more, not ${given(period)}`)
    }
  }
  return { decay: decayPeriod, crystallization: crystallizationPeriod }
}

/** For how long an identity among several is the one that sweeps, without being heard of again. */
function checkLease({ leaseDuration }, periods) {
  const duration = leaseDuration ?? Math.max(LEASE_DURATION, 3 * periods.decay)
  if (!Number.isFinite(duration) || duration < 1) {
    throw invalid(`leaseDuration is a number of milliseconds, 1 or more, not ${given(duration)}`)
  }
  return duration
}

/** What an identity is given beside its store. */
function checkOptions(options) {
  return carefully('SigilIdentity', 'its options', () => {
    checkOptionNames('SigilIdentity', options, OPTIONS)
    const { clock, decayPeriod, crystallizationPeriod, leaseDuration, memoryConfig } = options
    checkConfigNames(memoryConfig)
    const periods = checkPeriods({ decayPeriod, crystallizationPeriod })
    return {
      clock: checkClock(clock),
      periods,
      leaseDuration: checkLease({ leaseDuration }, periods),
      memoryConfig: checkConfig(memoryConfig),
    }
  })
}

function checkConfigNames(wanted) {
  const memoryConfig = wanted ?? {}
  if (typeof memoryConfig !== 'object' || Array.isArray(memoryConfig)) {
    throw invalid(`memoryConfig is an object, not ${given(wanted)}`)
  }
  checkNames('SigilIdentity', memoryConfig, Object.keys(MEMORY_CONFIG), 'memoryConfig')
}

/** The configuration as it can be used, with what is not given. */
function checkConfig(wanted) {
  const config = carefully('SigilIdentity', 'memoryConfig', () => ({ ...MEMORY_CONFIG, ...wanted }))
  for (const [name, standard] of Object.entries(MEMORY_CONFIG)) {
    config[name] ??= standard
    if (typeof config[name] !== 'number' || Number.isNaN(config[name]) || config[name] < 0) {
      throw invalid(`memoryConfig.${name} is a number of 0 or more, not ${given(config[name])}`)
    }
  }
  const rate = config.memoryDecayRate
  if (rate !== 0 && !(rate >= SLOWEST && rate <= FASTEST)) {
    throw invalid(`memoryConfig.memoryDecayRate is 0, or from ${SLOWEST} to ${FASTEST}`)
  }
  return config
}

function invalid(rule) {
  return errorOf('INVALID_PARAMETERS', rule, { operation: 'SigilIdentity' })
}

module.exports = { checkConfig, checkConfigNames, checkOptions, checkStorage, MEMORY_CONFIG }
