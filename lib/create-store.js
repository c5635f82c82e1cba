// Picks the store that a deployment asks for. The backends are named here and nowhere else.
//
// Where the environment picks, the program does not know which it will be. So options of any backend
// are taken, and those that are not the picked one's have no effect; an option of none is refused.

const { InvalidParametersError } = require('./errors.js')
const { LEVELDB_OPTIONS, LevelDBSigilAdapter } = require('./leveldb-adapter.js')
const { InMemoryStorageDriver, MEMORY_OPTIONS } = require('./memory-store.js')
const { checkOptions } = require('./option-names.js')
const { POSTGRES_OPTIONS, PostgresSigilAdapter } = require('./postgres-adapter.js')

const BACKENDS = {
  leveldb: {
    options: LEVELDB_OPTIONS,
    make: ({ path }, options) => new LevelDBSigilAdapter(path ?? undefined, options),
  },
  postgres: {
    options: POSTGRES_OPTIONS,
    make: ({ database }, options) => new PostgresSigilAdapter(database ?? undefined, options),
  },
  memory: {
    options: MEMORY_OPTIONS,
    make: (_, options) => new InMemoryStorageDriver(options),
  },
}

const OPTIONS = [
  'backend',
  'path',
  'database',
  ...new Set(Object.values(BACKENDS).flatMap(({ options }) => options)),
]

/**
 * @param {{ backend?: string, path?: string, database?: string | object }} [options] the backend, by default SIGIL_STORAGE_BACKEND or
 *   `leveldb`; all other options are the backends', `path` being the directory of `leveldb` and
 *   `database` the connection string or the pool of `postgres`
 */
function createSigilStore(given = {}) {
  const operation = 'createSigilStore'
  checkOptions(operation, given, OPTIONS)
  const backend = given.backend ?? environmentBackend()
  if (typeof backend !== 'string' || !Object.hasOwn(BACKENDS, backend)) {
    const known = Object.keys(BACKENDS).join(', ')
    const message = `SIGIL_STORAGE_BACKEND, or the option backend, is one of ${known}, not ${named(backend)}`
    throw new InvalidParametersError(message, { operation })
  }
  const { options, make } = BACKENDS[backend]
  const own = Object.entries(given).filter(([name]) => options.includes(name))
  return make(given, Object.fromEntries(own))
}

/** What is no text or number is not spelt out: that could be long, or call the caller's code. */
function named(value) {
  if (typeof value === 'string' || typeof value === 'number') return JSON.stringify(value)
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}

function environmentBackend() {
  return process.env.SIGIL_STORAGE_BACKEND || 'leveldb'
}

module.exports = { createSigilStore }
