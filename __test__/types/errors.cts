// Guards the types of the errors as CommonJS sees them.

import { type SigilError, type SigilErrorCode, StorageError } from 'sigil-vault'

const error: SigilError = new StorageError('full', { code: 'ENOSPC', path: 'db' })
const code: SigilErrorCode = error.code
const facts: [boolean, boolean, string | undefined] = [error.transient, error.notFound, error.path]

// @ts-expect-error a code that does not exist
new StorageError('full', { code: 'ENOPE' })
// @ts-expect-error codes do not change
error.code = 'EIO'

export { code, facts }
