// Guards that the types have the very options that are taken: one that is missing there cannot be
// written in TypeScript, and one that is too much is refused when the program runs. What is taken is
// what the message says about an option that nobody has; the types are asked through the compiler,
// which is given an object with those names.

const { spawnSync } = require('node:child_process')
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')
const {
  createSigilStore,
  InMemoryStorageDriver,
  installShutdownHooks,
  LevelDBSigilAdapter,
  PostgresSigilAdapter,
  SigilBasedCodeAuthenticator,
  SigilIdentity,
  StorageEngine,
} = require('sigil-vault')
const { createServer } = require('sigil-vault/server')
const { LEVEL_OPTIONS } = require('../lib/level.js')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()
const root = join(__dirname, '..')
const none = { zzzzzzzzzz: 1 }
const engine = { dataPath: 'x', encryptionPassword: 'y' }

/** The names that a refusal counts up. */
async function taken(make) {
  const { message } = await new Promise((resolve) => resolve(make())).catch((error) => error)
  return /it knows (.*)$/.exec(message)[1].split(', ')
}

/** Of each: what refuses an option, and the type of its options. */
const places = {
  adapter: [
    () => new LevelDBSigilAdapter('x', none),
    'Options<ConstructorParameters<typeof api.LevelDBSigilAdapter>[1]>',
  ],
  memory: [
    () => new InMemoryStorageDriver(none),
    'Options<ConstructorParameters<typeof api.InMemoryStorageDriver>[0]>',
  ],
  postgres: [
    () => new PostgresSigilAdapter('x', none),
    'Options<ConstructorParameters<typeof api.PostgresSigilAdapter>[1]>',
  ],
  created: [() => createSigilStore(none), 'Options<api.SigilStoreOptions>'],
  identity: [
    () => new SigilIdentity(undefined, none),
    'Options<ConstructorParameters<typeof api.SigilIdentity>[1]>',
  ],
  memoryConfig: [
    () => new SigilIdentity(undefined, { memoryConfig: none }),
    "Options<api.IdentityOptions['memoryConfig']>",
  ],
  authenticator: [
    () => new SigilBasedCodeAuthenticator(undefined, none),
    'Options<ConstructorParameters<typeof api.SigilBasedCodeAuthenticator>[1]>',
  ],
  messenger: [
    () => new StorageEngine({ ...engine, ...none }),
    'Options<ConstructorParameters<typeof api.StorageEngine>[0]>',
  ],
  kdf: [
    () => new StorageEngine({ ...engine, kdf: { name: 'pbkdf2', ...none } }),
    'Options<api.StorageKdf>',
  ],
  hooks: [
    () => installShutdownHooks(none),
    'Options<Exclude<Parameters<typeof api.installShutdownHooks>[number], api.Endable>>',
  ],
  server: [() => createServer(none), 'Options<Parameters<typeof createServer>[0]>'],
}

const LEVEL =
  'Options<ConstructorParameters<typeof api.Level>[1]> | Options<Parameters<Opening>[0]>'

const HEAD = `import type * as api from ${JSON.stringify(join(root, 'index.js'))}
import type { createServer } from ${JSON.stringify(join(root, 'server', 'index.js'))}
type Options<T> = T extends undefined ? never : keyof T
type Opening = (...args: Parameters<api.Level['open']>) => void
`

test('the types have the options that are taken, and no others', async () => {
  const types = [[LEVEL_OPTIONS, LEVEL]]
  for (const [make, type] of Object.values(places)) types.push([await taken(make), type])
  const uses = types.map(([names, type], index) => {
    const members = names.map((name) => `${name}: true`).join(', ')
    return `export const uses${index}: Record<${type}, true> = { ${members} }\n`
  })
  expect(uses.length).toBe(Object.keys(places).length + 1)
  const file = scratch('options.cts')
  writeFileSync(file, HEAD + uses.join(''))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--module', 'nodenext', '--strict', '--noEmit', '--skipLibCheck']
  const lib = ['--target', 'es2022', '--lib', 'es2023,esnext.disposable']
  const typeRoots = ['--typeRoots', join(root, 'node_modules', '@types'), '--types', 'node']
  const { stdout } = spawnSync(process.execPath, [tsc, ...options, ...lib, ...typeRoots, file], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
})
