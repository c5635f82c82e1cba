// Runs the service in this process: `npm start`. A first SIGTERM or SIGINT lets requests under way
// finish and closes the store; a second one, or ten seconds, ends the process at once.

const { createSigilStore, installShutdownHooks } = require('../index.js')
const { readConfig } = require('./config.js')
const { createServer } = require('./index.js')

async function main() {
  const { host, port, logLevel } = readConfig()
  const store = createSigilStore()
  const app = await createServer({ store, logger: { level: logLevel } })
  const said = (text) => ({ stop: () => app.log.info(text) })
  installShutdownHooks(said('stopping'), app, said('stopped'), {
    onError: (error) => app.log.error(error),
  })
  await app.listen({ host, port })
}

main().catch((error) => {
  process.stderr.write(`${error.code ?? error.name}: ${error.message}\n`)
  process.exit(1)
})
