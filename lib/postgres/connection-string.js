// Connection strings that can never work, told from those of a server that is away. The driver takes
// any text, what it cannot read for the name of a database, and makes of a string that it refuses an
// error that may quote the password: so it is asked here, and nothing of what it says is passed on
// but a file that it could not read.

const { InvalidParametersError } = require('../errors.js')

/** An address, or the directory of a socket. */
const FORM = /^(postgres(ql)?:\/\/|socket:|\/)/i

/**
 * @param {string} operation what the caller had asked for, for the error
 * @param {string} text
 * @param {{ Client: new (settings: { connectionString: string }) => unknown }} driver
 */
function checkConnectionString(operation, text, { Client }) {
  if (!FORM.test(text)) throw malformed(operation)
  try {
    // Which connects to nothing yet.
    new Client({ connectionString: text })
  } catch (error) {
    if (error?.syscall === undefined) throw malformed(operation)
    const message = 'a file that the connection string of PostgreSQL names cannot be read'
    throw new InvalidParametersError(message, { operation, cause: error, path: error.path })
  }
}

function malformed(operation) {
  const message =
    'the connection string of PostgreSQL (by default DATABASE_URL) cannot be read: it has the form ' +
    'postgres://USER:PASSWORD@HOST:PORT/DATABASE, and signs such as / # ? @ of a password as %2F %23 ' +
    '%3F %40'
  return new InvalidParametersError(message, { operation })
}

module.exports = { checkConnectionString }
