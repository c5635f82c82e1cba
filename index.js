// The public API. Everything that is not exported here is an implementation detail.

const { createSigilStore } = require('./lib/create-store.js')
const errors = require('./lib/errors.js')
const { Level } = require('./lib/level.js')
const { LevelDBSigilAdapter } = require('./lib/leveldb-adapter.js')
const { InMemoryStorageDriver } = require('./lib/memory-store.js')
const { StorageEncryption } = require('./lib/messenger-encryption.js')
const { StorageEngine } = require('./lib/messenger-storage.js')

module.exports = {
  createSigilStore,
  InMemoryStorageDriver,
  Level,
  LevelDBSigilAdapter,
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
