'use strict'

// The addon, loaded when it is first needed, with its errors turned into ours.

const { StorageUnavailableError, fromNative } = require('./errors.js')

let addon

function load() {
  try {
    return require('../native.js')
  } catch (cause) {
    throw new StorageUnavailableError(
      `no build of the addon fits ${process.platform} ${process.arch}; see the cause for what was tried`,
      { operation: 'load', cause },
    )
  }
}

/**
 * Calls an export of the addon.
 *
 * @param {string} operation what the caller had asked for, for the error
 * @param {(addon: typeof import('../native.js')) => any} body
 */
function callNative(operation, body) {
  addon ??= load()
  try {
    return body(addon)
  } catch (thrown) {
    throw fromNative(thrown, operation)
  }
}

module.exports = { callNative }
