// The service, built around a store that is given to it. Nothing here knows which store it is, or
// which port it will listen on.

const fastify = require('fastify')
const { errorOf } = require('../lib/errors.js')
const { checkNames } = require('../lib/option-names.js')
const { answerErrors, answerFrameworkError } = require('./http-errors.js')
const { ServiceMetrics } = require('./metrics.js')
const { operationRoutes } = require('./routes/operations.js')
const { sigilRoutes } = require('./routes/sigils.js')
const { SigilCatalog } = require('./sigil-catalog.js')

const LOOK_MS = 50
const PARTS = ['store', 'identity', 'logger']
/** What the service asks a store for. */
const STORE_METHODS = [
  'open',
  'close',
  'setSigilRecord',
  'getSigilRecord',
  'existsSigilRecord',
  'records',
  'getHealth',
]

/**
 * @param {object} parts
 * @param {import('../index.js').SigilStore} parts.store closed with the server
 * @param {() => unknown} [parts.identity] the identity that mints; none by default
 * @param {import('fastify').FastifyServerOptions['logger']} [parts.logger]
 * @returns {Promise<import('fastify').FastifyInstance>} not listening yet
 */
async function createServer(parts) {
  const { store, identity = () => null, logger = false } = checkParts(parts)
  const app = fastify({ logger, frameworkErrors: answerFrameworkError })
  // Otherwise a text would be a body, which only is no object.
  app.removeContentTypeParser('text/plain')
  const catalog = new SigilCatalog(store)
  const metrics = new ServiceMetrics(catalog)

  answerErrors(app)
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.countRequest({ method: request.method, route, status: reply.statusCode })
  })
  const unused = unusedConnections(app.server)
  app.addHook('preClose', async () => letGo(app.server, unused))
  app.addHook('onClose', () => store.close())
  operationRoutes(app, { store, metrics })
  sigilRoutes(app, { store, catalog, identity })

  await store.open()
  await catalog.load()
  return app
}

function checkParts(parts) {
  const operation = 'createServer'
  if (typeof parts !== 'object' || parts === null) throw invalid(operation, 'takes { store }')
  checkNames(operation, parts, PARTS)
  const missing = STORE_METHODS.filter((name) => typeof parts.store?.[name] !== 'function')
  if (missing.length > 0) {
    throw invalid(operation, `needs a store with the methods ${STORE_METHODS.join(', ')}`)
  }
  if (parts.identity !== undefined && typeof parts.identity !== 'function') {
    throw invalid(operation, 'needs a function as identity, which gives what is to be told of it')
  }
  return parts
}

function invalid(operation, rule) {
  return errorOf('INVALID_PARAMETERS', `${operation} ${rule}`, { operation })
}

/** Connections that nothing has come from yet, such as those that browsers open in advance. */
function unusedConnections(server) {
  const unused = new Set()
  server.on('connection', (socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.prependListener('request', ({ socket }) => unused.delete(socket))
  return unused
}

/**
 * Lets go of connections as their last answers are sent: clients keep them open for more. Node does
 * not count those as idle from which nothing has come.
 */
function letGo(server, unused) {
  const look = () => {
    server.closeIdleConnections()
    for (const socket of unused) {
      if (socket.bytesRead === 0) socket.destroy()
    }
  }
  look()
  const timer = setInterval(look, LOOK_MS)
  server.once('close', () => clearInterval(timer))
}

module.exports = { createServer }
