// What a client is told when a store fails. The status says who can do something about it: 507 the
// disk is full, 503 the store cannot work now, 400 the request can never work. The body has the
// code, and words that tell nothing of paths; the log has the rest.

const { SigilError } = require('../lib/errors.js')

const ANSWERS = {
  ENOSPC: [507, 'the disk is full: nothing can be written until there is room'],
  EROFS: [503, 'the store is on a read-only file system'],
  EIO: [503, 'the storage device failed'],
  EACCES: [503, 'the service may not write to its store'],
  EMFILE: [503, 'the service has too many files open'],
  LEVEL_READ_ONLY: [503, 'the store is open for reading only'],
  LEVEL_LOCKED: [503, 'the store is in use by another process'],
  LEVEL_DATABASE_NOT_OPEN: [503, 'the store is not open'],
  STORAGE_UNAVAILABLE: [503, 'the store cannot be reached'],
  STORAGE_ERROR: [503, 'the store failed'],
  LEVEL_CORRUPTION: [500, 'stored data is damaged'],
  INVALID_PARAMETERS: [400, undefined],
  TENANT_ISOLATION_ERROR: [400, undefined],
  RECORD_NOT_FOUND: [404, 'there is no such record'],
}

/** @param {import('fastify').FastifyInstance} app */
function answerErrors(app) {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = describe(error)
    if (status >= 500) request.log.error(error)
    if (error instanceof SigilError && error.transient) reply.header('retry-after', '5')
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((_, reply) =>
    reply.code(404).send(failure('NOT_FOUND', 'there is nothing at this address')),
  )
}

/** What the web server refuses before it knows what is asked for, such as an ill-formed address. */
function answerFrameworkError(error, _, reply) {
  const { status, body } = describe(error)
  reply.code(status).send(body)
}

function describe(error) {
  if (error instanceof SigilError) {
    const [status, message] = ANSWERS[error.code] ?? [500, 'the service failed']
    return { status, body: failure(error.code, message ?? error.message) }
  }
  // Fastify's own, such as a body that is not JSON or is too large.
  if (error.statusCode >= 400 && error.statusCode < 500) {
    return { status: error.statusCode, body: failure(error.code ?? 'BAD_REQUEST', error.message) }
  }
  return { status: 500, body: failure('INTERNAL_ERROR', 'the service failed') }
}

function failure(code, message) {
  return { success: false, error: { code, message } }
}

module.exports = { answerErrors, answerFrameworkError }
