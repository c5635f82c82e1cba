// Guards the types of the API as ES modules see them: names and default alike.

import api, { type SigilError, TenantIsolationError } from 'sigil-vault'

export const error: SigilError = new TenantIsolationError('no tenant')
export const same: SigilError = new api.TenantIsolationError('no tenant')
