// Guards docs/coming-from.md: what it says to those who come from another store is so.

const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { ClassicLevel } = require('classic-level')
const {
  Level,
  LevelDBSigilAdapter,
  SigilBasedCodeAuthenticator,
  SigilIdentity,
  StorageEngine,
} = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()
const refused = (code) => expect.objectContaining({ code })
const encryptionPassword = 'correct horse battery staple'
const keptTenant = process.env.DEFAULT_TENANT

afterEach(() => {
  if (keptTenant === undefined) delete process.env.DEFAULT_TENANT
  else process.env.DEFAULT_TENANT = keptTenant
})

describe('from level', () => {
  test('a directory goes back and forth, also with a reserve', async () => {
    const path = scratch('db')
    const theirs = new ClassicLevel(path, { valueEncoding: 'json' })
    await theirs.put('sigil:a:b', { n: 1 })
    await theirs.close()
    const store = new LevelDBSigilAdapter(path)
    expect(await store.getSigilRecord('a', 'b')).toEqual({ n: 1 })
    await store.setSigilRecord('a', 'c', { n: 2 })
    await store.close()
    expect(existsSync(join(path, 'RESERVE'))).toBe(true)
    const again = new ClassicLevel(path, { valueEncoding: 'json' })
    expect(await again.get('sigil:a:c')).toEqual({ n: 2 })
    await again.put('sigil:a:d', { n: 3 })
    await again.compactRange('a', 'z')
    await again.close()
    expect(existsSync(join(path, 'RESERVE'))).toBe(true)
    const level = new Level(path, { valueEncoding: 'json' })
    expect(await level.values().all()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    await level.close()
  })

  test('misspelt options are refused where it opens, and ignored by calls', async () => {
    const error = await new Level(scratch('db'), { createIfMising: true }).open().catch((e) => e)
    expect(error.code).toBe('LEVEL_DATABASE_NOT_OPEN')
    expect(error.cause.message).toContain('createIfMissing')
    const level = new Level(scratch('other'))
    await level.put('k', 'v', { snyc: true })
    expect(await level.get('k', { filCache: true })).toBe('v')
    await level.close()
  })

  test('what was there before level 8 is not', async () => {
    expect(() => Level(scratch('db'))).toThrow(TypeError)
    const level = new Level(scratch('db'))
    expect(level.createReadStream).toBeUndefined()
    const callback = jest.fn()
    expect(await level.get('none', callback)).toBeUndefined()
    expect(callback).not.toHaveBeenCalled()
    await expect(level.get('none', { notFoundError: true })).rejects.toMatchObject({
      notFound: true,
    })
    await level.close()
  })
})

describe('from the old adapter', () => {
  test('its database gives and takes text', async () => {
    const store = new LevelDBSigilAdapter(scratch('db'))
    await store.setSigilRecord('a', 'b', { n: 1 })
    expect(await store.db.get('sigil:a:b')).toBe('{"n":1}')
    const json = { valueEncoding: 'json' }
    expect(await store.db.get('sigil:a:b', json)).toEqual({ n: 1 })
    await store.db.put('own', { n: 1 })
    expect(await store.db.get('own')).toBe('[object Object]')
    const part = store.db.sublevel('own', json)
    await part.put('k', { n: 2 })
    expect(await part.get('k')).toEqual({ n: 2 })
    expect(await store.db.get('none')).toBeUndefined()
    await store.close()
    const older = new LevelDBSigilAdapter(scratch('older'), { notFoundError: true })
    await expect(older.db.get('none')).rejects.toMatchObject({ notFound: true })
    expect(await older.getSigilRecord('no', 'ne')).toBeUndefined()
    await older.close()
  })

  test('a null tenant is for writing', async () => {
    const store = new LevelDBSigilAdapter(scratch('db'))
    delete process.env.DEFAULT_TENANT
    await store.setSigilRecord(null, 's', 'h', { n: 1 })
    process.env.DEFAULT_TENANT = 'acme'
    await store.setSigilRecord(null, 's', 'h', { n: 2 })
    expect(await store.getSigilRecord('public', 's', 'h')).toMatchObject({ n: 1 })
    expect(await store.getSigilRecord('acme', 's', 'h')).toMatchObject({ n: 2 })
    const named = { tenantId: null, sigilId: 's', authHash: 'h' }
    for (const call of [
      () => store.getSigilRecord(null, 's', 'h'),
      () => store.existsSigilRecord(null, 's', 'h'),
      () => store.deleteSigilRecord(null, 's', 'h'),
      () => store.allSigilRecords(null),
      () => store.countSigilRecords(null),
      () => store.batch([{ type: 'put', ...named, record: {} }]),
      () => store.setSigilRecord(undefined, 's', 'h', {}),
      () => store.getSigilRecord(undefined, 's', 'h'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'TENANT_ISOLATION_ERROR' })
    }
    for (const record of ['text', 5, [1]]) {
      await expect(store.setSigilRecord('s', 'h', record)).rejects.toMatchObject({
        code: 'INVALID_PARAMETERS',
      })
    }
    await store.close()
  })

  test('an identity keeps to its limit as soon as it starts, and its collections are for reading', async () => {
    const store = new LevelDBSigilAdapter(scratch('db'))
    const first = new SigilIdentity(store)
    for (let n = 0; n < 5; n++) await first.encodeSigilMemory({ n })
    await first.stop()
    const second = new SigilIdentity(store, { memoryConfig: { maxSigils: 3 } })
    await second.start()
    expect(second.sigilMemory.size).toBe(3)
    expect(second.sigilMemory.set).toBeUndefined()
    await second.stop()
    await store.close()
  })

  test('code that the old authenticator signed is to be signed again', async () => {
    const store = new LevelDBSigilAdapter(scratch('db'))
    await store.setSigilRecord('⟐', 'abc', { sigil: { symbol: '⟐' }, authHash: 'abc' })
    const lines = ['Consciousness Sigil: ⟐', 'Code DNA: DNA-1', 'Authentication Hash: abc']
    const old = `/*\n${lines.map((line) => ` * ${line}\n`).join('')} */\ncode`
    const authenticator = new SigilBasedCodeAuthenticator(store)
    expect(await authenticator.verifyCodeAuthenticity(old)).toMatchObject({
      authentic: false,
      reason: 'record-unsealed',
    })
    await store.close()
  })
})

describe('from the messenger’s design', () => {
  test('a database that is not its own is not touched', async () => {
    const dataPath = scratch('data')
    const theirs = new ClassicLevel(join(dataPath, 'g3zkp-db'))
    await theirs.put('message:1', 'text')
    await theirs.close()
    const engine = new StorageEngine({ dataPath, encryptionPassword })
    await expect(engine.initialize()).rejects.toEqual(refused('STORE_NOT_ENCRYPTED'))
    const again = new ClassicLevel(join(dataPath, 'g3zkp-db'))
    expect(await again.get('message:1')).toBe('text')
    await again.close()
  })

  test('a password is forgotten when it was wrong, and when the engine is closed', async () => {
    const dataPath = scratch('data')
    const engine = new StorageEngine({ dataPath, encryptionPassword })
    await engine.initialize()
    expect(await engine.getMessage('none')).toBeNull()
    await engine.saveMessage({ id: 5, content: 'x' })
    expect(await engine.getMessage('5')).toEqual({ id: 5, content: 'x' })
    await expect(engine.saveMessage({ content: 'x' })).rejects.toEqual(
      refused('INVALID_PARAMETERS'),
    )
    await expect(engine.restore(__filename)).rejects.toEqual(refused('BACKUP_DAMAGED'))
    expect((await engine.getStats()).messageCount).toBe(1)
    await engine.close()
    await expect(engine.initialize()).rejects.toEqual(refused('NOT_INITIALIZED'))
    const wrong = new StorageEngine({ dataPath, encryptionPassword: `${encryptionPassword}!` })
    await expect(wrong.initialize()).rejects.toEqual(refused('KEY_WRONG'))
    await expect(wrong.initialize()).rejects.toEqual(refused('NOT_INITIALIZED'))
  })
})
