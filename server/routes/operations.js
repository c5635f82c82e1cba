// What runs the service asks of it: whether it lives, whether it can work, and its numbers.

const { HealthLog, readinessOf } = require('../readiness.js')

/**
 * @param {import('fastify').FastifyInstance} app
 * @param {{ store: import('../../index.js').SigilStore, metrics: any }} parts
 */
function operationRoutes(app, { store, metrics }) {
  app.get('/healthz', async () => ({ status: 'ok' }))

  const healthLog = new HealthLog()
  app.get('/readyz', async (request, reply) => {
    const health = await store.getHealth()
    healthLog.note(request.log, health)
    return reply.code(health.status === 'unhealthy' ? 503 : 200).send(readinessOf(health))
  })

  app.get('/metrics', async (_, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return metrics.text()
  })
}

module.exports = { operationRoutes }
