// What the messenger's tests share: directories that go, stores that are closed, processes that come
// after others.

const { execFileSync } = require('node:child_process')
const { mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { StorageEngine } = require('sigil-vault')

const root = join(__dirname, '..', '..')
const PASSWORD = 'correct horse battery staple'

const directories = []
const stores = []

function newDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'sigil-messenger-'))
  directories.push(directory)
  return directory
}

/** A store that is open, closed when the test ends. */
async function openStore(dataPath = newDirectory(), config = {}) {
  const store = new StorageEngine({
    dataPath,
    encryptionPassword: PASSWORD,
    autoBackup: false,
    ...config,
  })
  stores.push(store)
  await store.initialize()
  return store
}

async function cleanUp() {
  for (const store of stores.splice(0)) await store.close().catch(() => {})
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}

/**
 * Runs a body in a new process, with a store that is open; gives what it returns, as JSON.
 *
 * @param {string} dataPath
 * @param {string} body of an async function of `store` and `api`
 */
function inNewProcess(dataPath, body) {
  const code = `
    const api = require('sigil-vault')
    const config = { dataPath: ${JSON.stringify(dataPath)}, autoBackup: false,
      encryptionPassword: ${JSON.stringify(PASSWORD)} }
    const store = new api.StorageEngine(config)
    const main = async () => { ${body} }
    store.initialize().then(main).then(async (result) => {
      await store.close()
      process.stdout.write(JSON.stringify(result === undefined ? null : result))
    })`
  return JSON.parse(
    execFileSync(process.execPath, ['--eval', code], { cwd: root, encoding: 'utf8' }),
  )
}

/** Every file below a directory, with its content. */
function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    return entry.isDirectory() ? filesIn(path) : [{ path, bytes: readFileSync(path) }]
  })
}

module.exports = { PASSWORD, cleanUp, filesIn, inNewProcess, newDirectory, openStore, root }
