// The chained batch of a Level: operations are put together in the addon.

const { AbstractChainedBatch } = require('abstract-level')
const { fromNative } = require('./errors.js')
const { newBatch } = require('./native-db.js')

class LevelBatch extends AbstractChainedBatch {
  #batch = newBatch()
  #commit

  constructor(db, commit) {
    super(db)
    this.#commit = commit
  }

  _put(key, value) {
    try {
      this.#batch.put(key, value)
    } catch (thrown) {
      throw fromNative(thrown, 'batch')
    }
  }

  _del(key) {
    try {
      this.#batch.del(key)
    } catch (thrown) {
      throw fromNative(thrown, 'batch')
    }
  }

  _clear() {
    this.#batch.clear()
  }

  async _write(options) {
    return this.#commit(this.#batch, options)
  }

  async _close() {
    this.#batch.clear()
  }
}

module.exports = { LevelBatch }
