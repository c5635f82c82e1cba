// What the environment says of the service, checked before anything is started.

const { InvalidParametersError } = require('../lib/errors.js')

/** What the service's logger knows, from the most to the least. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** @param {NodeJS.ProcessEnv} [env] */
function readConfig(env = process.env) {
  return {
    host: env.HOST || '127.0.0.1',
    port: readPort(env.PORT),
    logLevel: readLogLevel(env.LOG_LEVEL),
  }
}

function readPort(text) {
  if (text === undefined || text === '') return 3000
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw refused(`PORT is a number from 0 to 65535, not ${JSON.stringify(text)}`)
}

function readLogLevel(text) {
  if (text === undefined || text === '') return 'info'
  if (LOG_LEVELS.includes(text)) return text
  const known = LOG_LEVELS.join(', ')
  throw refused(`LOG_LEVEL is one of ${known}, not ${JSON.stringify(text)}`)
}

function refused(message) {
  return new InvalidParametersError(message, { operation: 'start' })
}

module.exports = { readConfig }
