// The public API. Everything that is not exported here is an implementation detail.

const { SigilBasedCodeAuthenticator } = require('./lib/authenticator/code-authenticator.js')
const { createSigilStore } = require('./lib/create-store.js')
const { doctor } = require('./lib/doctor.js')
const errors = require('./lib/errors.js')
const { installShutdownHooks } = require('./lib/shutdown-hooks.js')
const { SigilIdentity } = require('./lib/identity/sigil-identity.js')
const { Level } = require('./lib/level.js')
const { LevelDBSigilAdapter } = require('./lib/leveldb-adapter.js')
const { InMemoryStorageDriver } = require('./lib/memory-store.js')
const { metrics, registerMetrics } = require('./lib/metrics/index.js')
const { PostgresSigilAdapter } = require('./lib/postgres-adapter.js')
const { StorageEncryption } = require('./lib/messenger-encryption.js')
const { StorageEngine } = require('./lib/messenger-storage.js')

module.exports = {
  createSigilStore,
  doctor,
  InMemoryStorageDriver,
  installShutdownHooks,
  Level,
  LevelDBSigilAdapter,
  metrics,
  PostgresSigilAdapter,
  registerMetrics,
  StorageEncryption,
  StorageEngine,
  SigilBasedCodeAuthenticator,
  SigilIdentity,
  SigilError: errors.SigilError,
  StorageError: errors.StorageError,
  StorageUnavailableError: errors.StorageUnavailableError,
  RecordNotFoundError: errors.RecordNotFoundError,
  TenantIsolationError: errors.TenantIsolationError,
  InvalidParametersError: errors.InvalidParametersError,
  AbortError: errors.AbortError,
}
