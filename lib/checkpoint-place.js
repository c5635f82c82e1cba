// Where a checkpoint may be made: anywhere but inside of the database that it is of. There it would
// be one more thing in a directory whose files the engine takes for its own, and would be copied and
// destroyed with it.

const { realpath } = require('node:fs/promises')
const { basename, dirname, join, relative, isAbsolute, resolve, sep } = require('node:path')
const { errorOf } = require('./errors.js')

/** Refuses a directory that is inside of the database's, by whatever names. */
async function checkOutside(operation, database, directory) {
  const [own, place] = await Promise.all([
    realPath(resolve(database)),
    realPath(resolve(directory)),
  ])
  const way = relative(own, place)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return
  const message = 'a checkpoint cannot be made inside of the database'
  throw errorOf('INVALID_PARAMETERS', message, { operation, path: directory })
}

/** The path without symbolic links, as far as there is something. */
async function realPath(path) {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await realPath(parent), basename(path))
  }
}

module.exports = { checkOutside }
