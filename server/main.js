// Runs the service in this process: `npm start`. A first SIGTERM or SIGINT lets requests under way
// finish and closes the store; a second one, or ten seconds, ends the process at once.

const { answer } = require('./command-line.js')

async function main() {
  const { createSigilStore, installShutdownHooks } = require('../index.js')
  const { readConfig } = require('./config.js')
  const { createServer } = require('./index.js')
  const { host, port, logLevel } = readConfig()
  const store = createSigilStore()
  const app = await createServer({ store, logger: { level: logLevel } }).catch((error) => {
    if (!STORING.includes(error.code)) throw error
    throw withMessage(error, `${error.message}: SIGIL_DB_PATH says where the database is`)
  })
  const said = (text) => ({ stop: () => app.log.info(text) })
  installShutdownHooks(said('stopping'), app, said('stopped'), {
    onError: (error) => app.log.error(error),
  })
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    throw inWords(error, `${host}:${port}`)
  }
}

/** What another directory would help against. */
const STORING = ['LEVEL_LOCKED', 'EACCES', 'EROFS']

const LISTENING = {
  EADDRINUSE: (address) => `${address} is in use: PORT and HOST say where to listen`,
  EACCES: (address) => `this process may not listen at ${address}: PORT and HOST say where`,
  EADDRNOTAVAIL: (address) => `this machine has no address ${address}: HOST says where to listen`,
  ENOTFOUND: (address) => `nobody knows the address ${address}: HOST says where to listen`,
}

function inWords(error, address) {
  return withMessage(error, LISTENING[error.code]?.(address) ?? error.message)
}

function withMessage(error, message) {
  return Object.assign(new Error(message, { cause: error }), { code: error.code })
}

const status = answer(process.argv.slice(2), process)
if (status !== undefined) {
  process.exitCode = status
} else {
  main().catch((error) => {
    process.stderr.write(`${error.code ?? error.name}: ${error.message}\n`)
    process.exit(1)
  })
}
