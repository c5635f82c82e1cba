'use strict'

// The addon, loaded when it is first needed, with its errors turned into ours.

const { StorageUnavailableError, fromNative } = require('./errors.js')

let addon

function load() {
  try {
    return require('../native.js')
  } catch (cause) {
    const platform = `${process.platform} ${process.arch}`
    throw new StorageUnavailableError(
      `no build of the addon fits ${platform}, and a clone builds its own with npm start; tried: ${attempts(cause).join('; ')}`,
      { operation: 'load', cause, transient: false },
    )
  }
}

/** The loader hangs one failure after another behind its own, as causes. */
function attempts(failure) {
  const tried = []
  for (let one = failure.cause ?? failure; typeof one?.message === 'string'; one = one.cause) {
    tried.unshift(one.message.split('\n')[0])
  }
  return tried
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

/** The addon, which was loaded before. */
function loaded() {
  return addon
}

/** A batch of the addon's. */
function newBatch() {
  return callNative('batch', ({ NativeBatch }) => new NativeBatch())
}

module.exports = { callNative, loaded, newBatch }
