// The service, built around a store that is given to it. Nothing here knows which store it is, or
// which port it will listen on.

const fastify = require('fastify')
const { answerErrors } = require('./http-errors.js')
const { ServiceMetrics } = require('./metrics.js')
const { operationRoutes } = require('./routes/operations.js')
const { sigilRoutes } = require('./routes/sigils.js')
const { SigilCatalog } = require('./sigil-catalog.js')

const LOOK_MS = 50

/**
 * @param {object} parts
 * @param {import('../index.js').SigilStore} parts.store closed with the server
 * @param {() => unknown} [parts.identity] the identity that mints; none by default
 * @param {import('fastify').FastifyServerOptions['logger']} [parts.logger]
 * @returns {Promise<import('fastify').FastifyInstance>} not listening yet
 */
async function createServer({ store, identity = () => null, logger = false }) {
  const app = fastify({ logger })
  const catalog = new SigilCatalog(store)
  const metrics = new ServiceMetrics(catalog)

  answerErrors(app)
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.countRequest({ method: request.method, route, status: reply.statusCode })
  })
  app.addHook('preClose', async () => letGo(app.server))
  app.addHook('onClose', () => store.close())
  operationRoutes(app, { store, metrics })
  sigilRoutes(app, { store, catalog, identity })

  await store.open()
  await catalog.load()
  return app
}

/** Lets go of connections as their last answers are sent: clients keep them open for more. */
function letGo(server) {
  const timer = setInterval(() => server.closeIdleConnections(), LOOK_MS)
  server.once('close', () => clearInterval(timer))
}

module.exports = { createServer }
