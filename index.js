// The public API. Everything that is not exported here is an implementation detail.

const errors = require('./lib/errors.js')

module.exports = {
  SigilError: errors.SigilError,
  StorageError: errors.StorageError,
  StorageUnavailableError: errors.StorageUnavailableError,
  RecordNotFoundError: errors.RecordNotFoundError,
  TenantIsolationError: errors.TenantIsolationError,
  InvalidParametersError: errors.InvalidParametersError,
  AbortError: errors.AbortError,
}
