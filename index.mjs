// The same classes for ES modules: this file only names what index.js exports.

import api from './index.js'

export const {
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
  SigilError,
  StorageError,
  StorageUnavailableError,
  RecordNotFoundError,
  TenantIsolationError,
  InvalidParametersError,
  AbortError,
} = api

export default api
