// Runs the service in this process: `npm start`. A first SIGTERM or SIGINT lets requests under way
// finish and closes the store; a second one, or ten seconds, ends the process at once.

const { createSigilStore } = require('../index.js')
const { readConfig } = require('./config.js')
const { createServer } = require('./index.js')

const GRACE_MS = 10_000

async function main() {
  const { host, port, logLevel } = readConfig()
  const store = createSigilStore()
  const app = await createServer({ store, logger: { level: logLevel } })
  stopOnSignals(app)
  await app.listen({ host, port })
}

function stopOnSignals(app) {
  let stopping = false
  const stop = async (signal) => {
    if (stopping) process.exit(1)
    stopping = true
    app.log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), GRACE_MS).unref()
    try {
      await app.close()
      app.log.info('stopped')
    } catch (error) {
      app.log.error(error)
      process.exitCode = 1
    }
  }
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, stop)
}

main().catch((error) => {
  process.stderr.write(`${error.code ?? error.name}: ${error.message}\n`)
  process.exit(1)
})
