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

const FAILED = [500, 'the service failed']

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
    const [status, message] = ANSWERS[error.code] ?? FAILED
    return { status, body: failure(error.code, message ?? error.message) }
  }
  // Fastify's own, such as a body that is not JSON or is too large.
  if (error.statusCode >= 400 && error.statusCode < 500) {
    return { status: error.statusCode, body: failure(error.code ?? 'BAD_REQUEST', error.message) }
  }
  const [status, message] = FAILED
  return { status, body: failure('INTERNAL_ERROR', message) }
}

/** What an error of the store means, without its own message, which may tell of paths. */
function wordsOf(code) {
  const [, message] = ANSWERS[code] ?? FAILED
  return message ?? 'what the service was told to do can never work'
}

function failure(code, message) {
  return { success: false, error: { code, message } }
}

module.exports = { answerErrors, answerFrameworkError, wordsOf }
