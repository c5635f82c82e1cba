// Without fastify's own types: what they come with does not compile with every `@types/node`.

import type { Server } from 'node:http'
import type { SigilStore } from '../index.js'

/** An answer to `inject`. */
export interface InjectedAnswer {
  statusCode: number
  headers: { [name: string]: number | string | string[] | undefined }
  body: string
  // biome-ignore lint/suspicious/noExplicitAny: what the body says
  json<T = any>(): T
}

/** The service: a Fastify instance, as far as running it and testing it needs. */
export interface SigilService {
  readonly server: Server
  /** Gives the address. Port 0 is any that is free. */
  listen(options?: {
    host?: string | undefined
    port?: number | undefined
    path?: string | undefined
    signal?: AbortSignal | undefined
  }): Promise<string>
  /** Answers a request without a connection. */
  inject(
    request:
      | string
      | {
          url: string
          method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | undefined
          headers?: { [name: string]: string } | undefined
          payload?: string | object | undefined
        },
  ): Promise<InjectedAnswer>
  /** Lets requests under way finish and closes the store. */
  close(): Promise<void>
}

/**
 * Builds the service around a store, which is closed with it. It does not listen yet.
 * `createServer<FastifyInstance>(…)` gives it the type of fastify, for who adds to it.
 */
export function createServer<Service = SigilService>(parts: {
  store: SigilStore
  /** Gives what `currentIdentity` tells of the identity that mints; none by default. */
  identity?: (() => unknown) | undefined
  /** Fastify's option. Default: false. */
  logger?: boolean | object | undefined
}): Promise<Service>
