// The chained batch of a Level: operations are put together in the addon.

const { AbstractChainedBatch } = require('abstract-level')
const { newBatch } = require('./native-db.js')

class LevelBatch extends AbstractChainedBatch {
  #batch = newBatch()
  #commit

  constructor(db, commit) {
    super(db)
    this.#commit = commit
  }

  _put(key, value) {
    this.#batch.put(key, value)
  }

  _del(key) {
    this.#batch.del(key)
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
