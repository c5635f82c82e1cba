import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { SigilStore } from '../index.js'

/** Builds the service around a store, which is closed with it. It does not listen yet. */
export function createServer(parts: {
  store: SigilStore
  identity?: () => unknown
  logger?: FastifyServerOptions['logger']
}): Promise<FastifyInstance>
