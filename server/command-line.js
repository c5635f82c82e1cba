// The service's command line. What it does is said by the environment; the command line only asks
// how to use it and which version it is, and that needs nothing to be installed or built.

const { parseArgs } = require('node:util')
const { version } = require('../package.json')

const USAGE = `usage: npm start [-- --help | --version]

Runs the service until SIGINT or SIGTERM. The environment says how:

  HOST, PORT             where it listens (127.0.0.1, 3000)
  SIGIL_DB_PATH          the directory of the database (./sigil-leveldb)
  SIGIL_STORAGE_BACKEND  leveldb, postgres or memory (leveldb)
  DATABASE_URL           where PostgreSQL is
  DEFAULT_TENANT         the tenant of writes whose tenant is null (public)
  LOG_LEVEL              trace, debug, info, warn, error, fatal or silent (info)
`

/**
 * Answers what the command line asks.
 *
 * @param {string[]} args
 * @param {{ stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream }} streams
 * @returns {number | undefined} the status to end with; undefined where the service is to run
 */
function answer(args, { stdout, stderr }) {
  let asked
  try {
    const options = {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    }
    asked = parseArgs({ args, options }).values
  } catch (error) {
    stderr.write(`${error.message}\n\n${USAGE}`)
    return 2
  }
  if (!asked.help && !asked.version) return undefined
  stdout.write(asked.help ? USAGE : `sigil-vault ${version}\n`)
  return 0
}

module.exports = { answer }
