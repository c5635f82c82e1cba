// What the host chooses, and what is chosen where it does not: all of it reaches the addon.

const { join } = require('node:path')
const { StorageEngine } = require('sigil-vault')
const { callNative } = require('../../lib/native.js')
const { PASSWORD, cleanUp, newDirectory } = require('./helpers.js')

afterEach(cleanUp)

/** What a store with such a configuration is opened with. */
async function optionsOf(config) {
  const addon = callNative('test', (native) => native)
  const open = jest.spyOn(addon, 'openVault')
  const dataPath = newDirectory()
  const store = new StorageEngine({ dataPath, encryptionPassword: PASSWORD, ...config })
  await store.initialize()
  await store.close()
  const [root, , options] = open.mock.calls[0]
  open.mockRestore()
  expect(root).toBe(join(dataPath, 'g3zkp-db'))
  expect(options.backups).toBe(join(dataPath, 'backups'))
  return options
}

/** As the addon numbers it. */
const SYNC = 2

test('backups every hour, and what is acknowledged survives a power cut, unless asked otherwise', async () => {
  const options = await optionsOf({})
  expect(options).toMatchObject({ backupInterval: 3_600_000 })
  // Undefined is the addon's own default.
  expect([undefined, SYNC]).toContain(options.level)
})

test('what is chosen', async () => {
  expect(await optionsOf({ autoBackup: false })).toMatchObject({ backupInterval: undefined })
  const chosen = {
    backupInterval: 5000,
    keepBackups: 3,
    maxValueSize: 1000,
    eraseWithin: 60_000,
    rotateAfter: 1000,
  }
  expect(await optionsOf({ ...chosen, durability: 'process' })).toMatchObject({
    ...chosen,
    level: 0,
  })
  const kdf = { name: 'argon2id', memory: 20_000, passes: 3, lanes: 2 }
  expect(await optionsOf({ kdf, durability: 'sync' })).toMatchObject({
    kdf: 'argon2id',
    kdfMemory: 20_000,
    kdfPasses: 3,
    kdfLanes: 2,
    level: SYNC,
  })
})
