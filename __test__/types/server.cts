// Guards the types of the service: that they need no types of fastify, and what is refused.

import { createSigilStore, installShutdownHooks, type SigilIdentity } from 'sigil-vault'
import { createServer, type SigilService } from 'sigil-vault/server'

export async function use(identity: SigilIdentity) {
  const store = createSigilStore()
  const parts = { store, identity: () => identity.getIdentity(), logger: { level: 'info' } }
  const app: SigilService = await createServer(parts)
  const address: string = await app.listen({ host: '127.0.0.1', port: 0 })
  const { statusCode, json } = await app.inject({ method: 'POST', url: '/sigils', payload: {} })
  app.server.address()
  installShutdownHooks(identity, app)
  // Who adds to the service asks for the type of what it is.
  const own = await createServer<SigilService & { get(path: string): void }>({ store })
  own.get('/own')
  // @ts-expect-error a store is needed
  await createServer({})
  // @ts-expect-error a function gives the identity
  await createServer({ store, identity })
  // @ts-expect-error a port is a number
  await app.listen({ port: '3000' })
  await app.close()
  return [address, statusCode, json]
}
