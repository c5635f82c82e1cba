// Ids that are in the order in which this process made them, whatever the clock does within a
// millisecond: UUIDs of version 7.

const { callNative } = require('./native.js')

/** @param {Date} now */
function newId(now) {
  return callNative('newId', (addon) => addon.newId(now.getTime()))
}

module.exports = { newId }
