import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { SigilStore } from '../index.js'

/** Builds the service around a store, which is closed with it. It does not listen yet. */
export function createServer(parts: {
  store: SigilStore
  /** Gives what `currentIdentity` tells of the identity that mints; none by default. */
  identity?: (() => unknown) | undefined
  /** Fastify's option. Default: false. */
  logger?: FastifyServerOptions['logger'] | undefined
}): Promise<FastifyInstance>
