// Picks the store that a deployment asks for. The backends are named here and nowhere else.

const { InvalidParametersError } = require('./errors.js')
const { LevelDBSigilAdapter } = require('./leveldb-adapter.js')
const { InMemoryStorageDriver } = require('./memory-store.js')
const { PostgresSigilAdapter } = require('./postgres-adapter.js')

const BACKENDS = ['leveldb', 'postgres', 'memory']

/**
 * @param {{ backend?: string, path?: string, database?: string | object }} [options] the backend, by default SIGIL_STORAGE_BACKEND or
 *   `leveldb`; all other options are the backend's, `path` being the directory of `leveldb` and
 *   `database` the connection string or the pool of `postgres`
 */
function createSigilStore(given = {}) {
  const operation = 'createSigilStore'
  if (typeof given !== 'object' || given === null) {
    throw new InvalidParametersError('createSigilStore takes its options as an object', {
      operation,
    })
  }
  const { backend = environmentBackend(), ...options } = given
  if (backend === 'memory') return new InMemoryStorageDriver(options)
  if (backend === 'leveldb') {
    const { path, ...rest } = options
    return new LevelDBSigilAdapter(path, rest)
  }
  if (backend === 'postgres') {
    const { database, ...rest } = options
    return new PostgresSigilAdapter(database, rest)
  }
  const message = `SIGIL_STORAGE_BACKEND, or the option backend, is one of ${BACKENDS.join(', ')}`
  throw new InvalidParametersError(message, { operation })
}

function environmentBackend() {
  return process.env.SIGIL_STORAGE_BACKEND || 'leveldb'
}

module.exports = { createSigilStore }
