// The configuration of an identity's memories, which callers may change at any time: a field of it,
// or all of it. What could never work is refused where it is assigned, because what would notice
// otherwise is a sweep in the background, and the last configuration holds on.

const { inspect } = require('node:util')
const { carefully } = require('../carefully.js')
const { checkConfig, checkConfigNames, MEMORY_CONFIG } = require('./identity-options.js')

/** A configuration of its own, whose fields are checked when they are assigned. */
function configOf(given) {
  let values = carefully('SigilIdentity', 'memoryConfig', () => {
    checkConfigNames(given)
    return checkConfig(given)
  })
  const config = {}
  for (const name of Object.keys(MEMORY_CONFIG)) {
    Object.defineProperty(config, name, {
      get: () => values[name],
      set: (value) => {
        values = checkConfig({ ...values, [name]: value })
      },
      enumerable: true,
      configurable: true,
    })
  }
  const shown = { value: () => ({ ...config }), configurable: true, writable: true }
  return Object.defineProperty(config, inspect.custom, shown)
}

/** Gives an object the property `memoryConfig`. */
function keepConfig(object, given) {
  let config = configOf(given)
  Object.defineProperty(object, 'memoryConfig', {
    get: () => config,
    set: (other) => {
      config = configOf(other)
    },
    enumerable: true,
    configurable: true,
  })
}

module.exports = { keepConfig }
