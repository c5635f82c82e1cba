// Connections to a PostgreSQL database: a pool of `pg` that is made here, or the caller's own.
//
// `pg` is loaded when it is first needed: who uses another store need not have it. A pool tells of
// connections that break while nobody uses them by an event that ends the process where nobody
// listens; so somebody does. Whoever comes next gets a new connection.

const { InvalidParametersError, errorOf } = require('../errors.js')
const { given } = require('../given.js')
const { checkConnectionString } = require('./connection-string.js')
const { failureOf, isConflict } = require('./failures.js')

const CONNECT_TIMEOUT = 10_000
const QUERY_TIMEOUT = 30_000
const MOST = 10
/** How often a statement is tried that others keep from being done. */
const TRIES = 5

class Connections {
  #pool
  #own
  /** Connections that somebody holds, and statements under way. */
  #held = new Set()
  #busy = new Set()
  #ignore = () => {}

  /**
   * @param {string} operation what the caller had asked for, for the error
   * @param {{ url?: string, pool?: any, max?: number, connectTimeout?: number, queryTimeout?: number }} where
   */
  constructor(operation, { url, pool, max, connectTimeout, queryTimeout }) {
    this.#own = pool === undefined
    this.#pool = pool ?? poolOf(operation, { url, max, connectTimeout, queryTimeout })
    this.#pool.on('error', this.#ignore)
  }

  /** How many connections there are, and how many calls wait for one. */
  get numbers() {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return { connections: totalCount, idle: idleCount, waiting: waitingCount }
  }

  /** One statement. One that others kept from being done, and that changed nothing, is repeated. */
  async query(operation, text, values) {
    const work = this.#attempt(operation, text, values)
    this.#busy.add(work)
    const done = () => this.#busy.delete(work)
    work.then(done, done)
    return work
  }

  async #attempt(operation, text, values) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#pool.query(text, values)
      } catch (error) {
        if (isConflict(error) && tries < TRIES) continue
        throw failureOf(operation, error)
      }
    }
  }

  /** A connection for oneself, to be given back with `release`; with true where it is not to be used again. */
  async hold(operation) {
    let client
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw failureOf(operation, error)
    }
    // Whoever has a statement under way hears of it; nobody else needs to.
    client.on('error', this.#ignore)
    const held = {
      released: false,
      query: async (text, values) => {
        if (held.released) throw closed(operation)
        try {
          return await client.query(text, values)
        } catch (error) {
          throw failureOf(operation, error)
        }
      },
      release: (unusable) => {
        if (!this.#held.delete(held)) return
        held.released = true
        client.removeListener('error', this.#ignore)
        client.release(unusable)
      },
    }
    this.#held.add(held)
    return held
  }

  /** Waits for what is under way, takes back what is held, and ends what was made here. */
  async end() {
    for (const held of this.#held) held.release(true)
    await Promise.allSettled([...this.#busy])
    if (this.#own) await this.#pool.end()
    else this.#pool.removeListener('error', this.#ignore)
  }
}

/** What a store is given as its database, checked as far as it can be without asking it. */
function checkDatabase(operation, database, { max, connectTimeout, queryTimeout }) {
  for (const [name, value] of Object.entries({ max, connectTimeout, queryTimeout })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw invalid(operation, `${name} is a whole number above 0, not ${given(value)}`)
    }
  }
  if (max === 1) {
    throw invalid(operation, 'max is 2 or more, not 1: a long listing keeps a connection to itself')
  }
  if (typeof database === 'string' && database !== '' && !database.includes('\0')) {
    return { url: database, max, connectTimeout, queryTimeout }
  }
  const methods = ['query', 'connect', 'on', 'removeListener']
  if (methods.every((name) => typeof database?.[name] === 'function')) {
    if (database.options?.max === 1)
      throw invalid(operation, 'the pool may have 2 connections or more')
    return { pool: database }
  }
  const rule = 'the database is a connection string, by default DATABASE_URL, or a Pool of pg'
  throw invalid(operation, `${rule}, not ${given(database)}`)
}

function closed(operation) {
  return errorOf('LEVEL_DATABASE_NOT_OPEN', 'the store is closed', { operation })
}

function poolOf(operation, { url, max, connectTimeout, queryTimeout }) {
  const driver = loadDriver(operation)
  checkConnectionString(operation, url, driver)
  return new driver.Pool({
    connectionString: url,
    max: max ?? MOST,
    connectionTimeoutMillis: connectTimeout ?? CONNECT_TIMEOUT,
    query_timeout: queryTimeout ?? QUERY_TIMEOUT,
    keepAlive: true,
    // Connections that wait for work are no reason to stay alive.
    allowExitOnIdle: true,
  })
}

function loadDriver(operation) {
  try {
    return require('pg')
  } catch (cause) {
    const message = 'the package pg is not installed: npm install pg'
    throw errorOf('STORAGE_UNAVAILABLE', message, { operation, cause, transient: false })
  }
}

function invalid(operation, rule) {
  return new InvalidParametersError(rule, { operation })
}

module.exports = { checkDatabase, closed, Connections }
