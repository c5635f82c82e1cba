// What the host hears of without having asked, each by its name, with what failed, and in the counts.

const { mkdirSync, readdirSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { ClassicLevel } = require('classic-level')
const { SigilError } = require('sigil-vault')
const { PASSWORD, cleanUp, newDirectory, openStore } = require('./helpers.js')

afterEach(cleanUp)

/** A listener, and a promise for the first fault of a name. */
function listener() {
  const faults = []
  let check = () => {}
  const onFault = (fault) => {
    faults.push(fault)
    check()
  }
  const heard = (name) =>
    new Promise((resolve) => {
      check = () => {
        const found = faults.find(({ fault }) => fault === name)
        if (found !== undefined) resolve(found)
      }
      check()
    })
  return { onFault, heard }
}

test('an automatic backup that fails', async () => {
  const dataPath = newDirectory()
  writeFileSync(join(dataPath, 'backups'), 'in the way')
  const { onFault, heard } = listener()
  const store = await openStore(dataPath, { autoBackup: true, backupInterval: 20, onFault })
  const fault = await heard('backupFailed')
  expect(fault).toMatchObject({ message: 'an automatic backup failed', code: fault.error.code })
  expect(fault.error).toBeInstanceOf(SigilError)
  const metrics = store.getMetrics()
  expect(metrics.backupsFailed).toBeGreaterThan(0)
  expect(metrics.backupFailure).toMatchObject({ code: fault.code })
  rmSync(join(dataPath, 'backups'))
  while (store.getMetrics().backupFailure !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(readdirSync(join(dataPath, 'backups')).length).toBeGreaterThan(0)
})

test('counters that were damaged', async () => {
  const dataPath = newDirectory()
  const store = await openStore(dataPath)
  await store.savePeer('a', 1)
  await store.close()
  const [data] = readdirSync(join(dataPath, 'g3zkp-db')).filter((name) => name.startsWith('data-'))
  const plain = new ClassicLevel(join(dataPath, 'g3zkp-db', data))
  await plain.del('c')
  await plain.close()
  const { onFault, heard } = listener()
  const again = await openStore(dataPath, { onFault })
  expect(await heard('countersRebuilt')).toMatchObject({ code: 'STORAGE_ERROR' })
  expect(await again.getStats()).toMatchObject({ peerCount: 1 })
})

test('a file of the header that cannot be written', async () => {
  const dataPath = newDirectory()
  await (await openStore(dataPath)).close()
  const file = join(dataPath, 'g3zkp-db', 'keys-b')
  rmSync(file)
  mkdirSync(join(file, 'in the way'), { recursive: true })
  const { onFault, heard } = listener()
  const store = await openStore(dataPath, { onFault })
  expect(await heard('headerCopyFailed')).toMatchObject({ error: expect.any(SigilError) })
  await store.savePeer('a', 1)
  await expect(store.changePassword(PASSWORD, 'another password')).rejects.toThrow(SigilError)
  rmSync(file, { recursive: true })
  await store.changePassword(PASSWORD, 'another password')
  await store.close()
  const again = await openStore(dataPath, { encryptionPassword: 'another password' })
  expect(await again.getPeer('a')).toBe(1)
})
