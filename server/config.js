// What the environment says of the service, checked before anything is started.

const { InvalidParametersError } = require('../lib/errors.js')

/** @param {NodeJS.ProcessEnv} [env] */
function readConfig(env = process.env) {
  return {
    host: env.HOST || '127.0.0.1',
    port: readPort(env.PORT),
    logLevel: env.LOG_LEVEL || 'info',
  }
}

function readPort(text) {
  if (text === undefined || text === '') return 3000
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidParametersError(`PORT is a number from 0 to 65535, not ${JSON.stringify(text)}`)
}

module.exports = { readConfig }
