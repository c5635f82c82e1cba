// Minting sigils and listing what was minted.

const { newId } = require('../../lib/ids.js')
const { KEPT } = require('../sigil-catalog.js')

const limitQuery = {
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: KEPT } },
}

/**
 * @param {import('fastify').FastifyInstance} app
 * @param {{ store: import('../../index.js').SigilStore, catalog: any, identity: () => unknown }} parts
 */
function sigilRoutes(app, { store, catalog, identity }) {
  app.post(
    '/api/consciousness/sigils',
    { schema: { body: { type: 'object' } } },
    async (request) => {
      const now = new Date()
      const sigil = { ...request.body, id: newId(now), timestamp: now.toISOString() }
      await store.setSigilRecord(sigil.id, sigil.timestamp, sigil)
      catalog.add(sigil)
      return { success: true, sigil }
    },
  )

  app.get('/api/consciousness/sigils', { schema: { querystring: limitQuery } }, async (request) => {
    const sigils = await catalog.newest(request.query.limit ?? 10)
    return { sigils, total: catalog.total, currentIdentity: await identity() }
  })

  app.get('/sigils', { schema: { querystring: limitQuery } }, async (request) => {
    const sigils = await catalog.newest(request.query.limit ?? KEPT)
    return { sigils, total: catalog.total }
  })
}

module.exports = { sigilRoutes }
