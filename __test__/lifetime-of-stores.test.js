// Guards when a store is open: what closing ends, and that a store which failed to close, or waited
// for a lock, can be opened again.

const { rmSync, writeFileSync } = require('node:fs')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { NativeDb } = require('../lib/native-db.js')
const { run } = require('./support/child.js')
const { scratchFolder } = require('./support/scratch.js')
const { testWhere } = require('./support/where-possible.js')

const scratch = scratchFolder()
const { close } = NativeDb.prototype

/** In the place of closing: as where the last sync fails. */
async function failToClose() {
  await close.call(this)
  throw Object.assign(new Error('the last sync failed'), { code: 'EIO' })
}

afterEach(() => jest.restoreAllMocks())

test('closing ends the waiting for a lock', async () => {
  const path = scratch('locked')
  const holder = new Level(path)
  await holder.open()
  const store = new LevelDBSigilAdapter(path, { lockTimeout: 2 ** 31 })
  const refused = expect(store.setSigilRecord('s', 'h', {})).rejects.toMatchObject({
    code: 'LEVEL_DATABASE_NOT_OPEN',
  })
  await store.close()
  await refused
  expect(await store.getHealth()).toMatchObject({ status: 'unhealthy' })
  const opened = store.open()
  await holder.close()
  await opened
  await store.setSigilRecord('s', 'h', { n: 1 })
  expect(await store.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await store.close()
})

test('an opening that failed because of a lock is tried again by the next call', async () => {
  const path = scratch('locked-at-first')
  const holder = new Level(path)
  await holder.open()
  const store = new LevelDBSigilAdapter(path)
  const locked = { code: 'LEVEL_LOCKED', transient: true }
  await expect(store.getSigilRecord('s', 'h')).rejects.toMatchObject(locked)
  await expect(store.open()).rejects.toMatchObject(locked)
  await expect(store.setSigilRecord('s', 'h', {})).rejects.toMatchObject(locked)
  await holder.close()
  await store.setSigilRecord('s', 'h', { n: 1 })
  expect(await store.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await store.close()
})

test('a store that failed to close is closed, and can be opened again', async () => {
  const store = new LevelDBSigilAdapter(scratch('failing'))
  await store.setSigilRecord('s', 'h', { n: 1 })
  jest.spyOn(NativeDb.prototype, 'close').mockImplementationOnce(failToClose)
  await expect(store.close()).rejects.toMatchObject({ code: 'EIO' })
  await store.open()
  expect(await store.getSigilRecord('s', 'h')).toEqual({ n: 1 })
  await store.close()
})

// Only Linux lets a process delete the directory that it works in, and has /proc.
const testOnLinux = testWhere(process.platform === 'linux' ? undefined : 'Linux')

testOnLinux('a directory that cannot be made is an error at once', () => {
  run(
    scratch('gone'),
    `const { mkdirSync, rmdirSync } = require('node:fs')
    mkdirSync(path)
    process.chdir(path)
    rmdirSync(path)
    for (const place of ['./data', './a/b/c', '/proc/self/none', '/proc/none/deeper']) {
      for (const store of [new LevelDBSigilAdapter(place), new Level(place)]) {
        const error = await store.open().then(() => undefined, (error) => error.cause ?? error)
        if (error?.code === undefined) throw new Error(place + ' was opened')
        await store.close()
      }
    }`,
  )
})

test('all that is under way when a store closes is answered', () => {
  run(
    scratch('under-way'),
    `const fill = async (db) => { await db.put('k', 'v') }
    for (const make of [() => new Level(path), () => new LevelDBSigilAdapter(path).db]) {
      const db = make()
      await fill(db)
      const gets = Array.from({ length: 100000 }, () => db.get('k'))
      const closed = db.close()
      const found = await Promise.all(gets)
      if (found.some((value) => value !== 'v')) throw new Error('not all found')
      await closed
    }`,
  )
})

test.each(['process', 'interval', 'sync'])('writes through db are %s too', async (durability) => {
  const store = new LevelDBSigilAdapter(scratch(durability), { durability })
  const put = jest.spyOn(NativeDb.prototype, 'put')
  await store.db.put('k', 'v')
  const level = ['process', 'interval', 'sync'].indexOf(durability)
  expect(put).toHaveBeenCalledWith('k', 'v', level)
  await store.close()
})

test('a store whose db is in use is what was asked for last, and so is its db', async () => {
  const store = new LevelDBSigilAdapter(scratch('db'))
  const isOpen = async () => {
    const answers = [store.getSigilRecord('a', 'b'), store.db.get('key')]
    return (await Promise.allSettled(answers)).map(({ status }) => status === 'fulfilled')
  }
  await store.db.open()
  for (let round = 0; round < 50; round++) {
    store.close()
    await store.open()
    expect(await isOpen()).toEqual([true, true])
  }
  await Promise.all([store.close(), store.open(), store.setSigilRecord('a', 'b', {})])
  expect(await isOpen()).toEqual([true, true])
  store.db.close()
  await store.open()
  expect(await isOpen()).toEqual([true, true])
  await Promise.allSettled([store.open(), store.close()])
  expect(await isOpen()).toEqual([false, false])
  await store.db.open()
  expect(await isOpen()).toEqual([true, true])
  await store.close()
})

describe('db of a store that is open', () => {
  /** What cannot wait until a Level is open. */
  const use = (db) => {
    expect(db.status).toBe('open')
    expect(db.getSync('k')).toBeUndefined()
    expect(db.getProperty('leveldb.stats')).toEqual(expect.any(String))
    db.snapshot()
    db.batch().put('other', 'v')
  }

  test('can be used at once when it is first taken', async () => {
    const store = new LevelDBSigilAdapter(scratch('first'))
    await store.open()
    use(store.db)
    await store.close()
  })

  test('can be used at once after the first answer, without an open', async () => {
    const store = new LevelDBSigilAdapter(scratch('answer'))
    await store.getSigilRecord('s', 'h')
    use(store.db)
    await store.close()
    await store.open()
    use(store.db)
    await store.close()
  })

  test('can be used at once after a call that opened it at last', async () => {
    const holder = new Level(scratch('held'))
    await holder.open()
    const store = new LevelDBSigilAdapter(scratch('held'))
    await expect(store.open()).rejects.toMatchObject({ code: 'LEVEL_LOCKED' })
    await holder.close()
    await store.getSigilRecord('s', 'h')
    use(store.db)
    await store.close()
  })

  test('is tried again by its own open, whatever it could not be opened for', async () => {
    const path = scratch('file')
    writeFileSync(path, '')
    const store = new LevelDBSigilAdapter(path)
    const { db } = store
    await expect(db.open()).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
    rmSync(path)
    await db.open()
    use(db)
    await store.setSigilRecord('s', 'h', {})
    await store.close()
  })

  test('closes its store, also before it is open itself', async () => {
    const path = scratch('early')
    const store = new LevelDBSigilAdapter(path)
    await store.db.close()
    expect(() => store.getSigilRecordSync('s', 'h')).toThrow('not open')
    await expect(store.getSigilRecord('s', 'h')).rejects.toMatchObject({
      code: 'LEVEL_DATABASE_NOT_OPEN',
    })
    const other = new Level(path)
    await other.open()
    await other.close()
    await Promise.allSettled([store.open(), store.db.close()])
    expect((await store.getHealth()).status).toBe('unhealthy')
  })

  test('whose hooks fail is closed, and its store is not', async () => {
    const store = new LevelDBSigilAdapter(scratch('hook'))
    store.db.hooks.postopen.add(() => {
      throw new Error('of the hook')
    })
    await expect(store.open()).rejects.toMatchObject({ code: 'LEVEL_HOOK_ERROR' })
    await store.setSigilRecord('s', 'h', {})
    expect(store.db.status).not.toBe('open')
    await store.close()
    await expect(store.getSigilRecord('s', 'h')).rejects.toMatchObject({
      code: 'LEVEL_DATABASE_NOT_OPEN',
    })
  })

  test('that failed to close was closed with its store', async () => {
    const store = new LevelDBSigilAdapter(scratch('failing-store'))
    await store.open()
    jest.spyOn(NativeDb.prototype, 'close').mockImplementationOnce(failToClose)
    await expect(store.close()).rejects.toMatchObject({ code: 'EIO' })
    expect(store.db.status).toBe('closed')
    await store.close()
    await store.db.close()
  })

  test.each([
    ['a Level of its own', (path) => new Level(path), 'LEVEL_DATABASE_NOT_CLOSED'],
    ['that of a store', (path) => new LevelDBSigilAdapter(path).db, 'EIO'],
  ])('%s that failed to close can be closed and opened again', async (_, make, code) => {
    const db = make(scratch('failing-db'))
    await db.open()
    jest.spyOn(NativeDb.prototype, 'close').mockImplementationOnce(failToClose)
    await expect(db.close()).rejects.toMatchObject({ code })
    await expect(db.get('k')).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
    await db.close()
    expect(db.status).toBe('closed')
    await db.open()
    use(db)
    await db.close()
  })
})
