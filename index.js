// The public API. Everything that is not exported here is an implementation detail.

const { createSigilStore } = require('./lib/create-store.js')
const { doctor } = require('./lib/doctor.js')
const errors = require('./lib/errors.js')
const { Level } = require('./lib/level.js')
const { LevelDBSigilAdapter } = require('./lib/leveldb-adapter.js')
const { InMemoryStorageDriver } = require('./lib/memory-store.js')
const { metrics, registerMetrics } = require('./lib/metrics/index.js')
const { StorageEncryption } = require('./lib/messenger-encryption.js')
const { StorageEngine } = require('./lib/messenger-storage.js')

module.exports = {
  createSigilStore,
  doctor,
  InMemoryStorageDriver,
  Level,
  LevelDBSigilAdapter,
  metrics,
  registerMetrics,
  StorageEncryption,
  StorageEngine,
  SigilError: errors.SigilError,
  StorageError: errors.StorageError,
  StorageUnavailableError: errors.StorageUnavailableError,
  RecordNotFoundError: errors.RecordNotFoundError,
  TenantIsolationError: errors.TenantIsolationError,
  InvalidParametersError: errors.InvalidParametersError,
  AbortError: errors.AbortError,
}
