// Guards how stores on one directory live together: within the process, over worker threads, with
// the `Level` that each has, and which close closes what.

const { once } = require('node:events')
const { join } = require('node:path')
const { Worker } = require('node:worker_threads')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()

/** A store in a worker thread; calls are made by name. */
class FarStore {
  #worker

  constructor(path) {
    const code = `
      const { LevelDBSigilAdapter } = require(${JSON.stringify(join(__dirname, '..'))})
      const { parentPort, workerData } = require('node:worker_threads')
      const store = new LevelDBSigilAdapter(workerData)
      parentPort.on('message', ([method, ...args]) =>
        store[method](...args).then(
          (result) => parentPort.postMessage({ result }),
          ({ code }) => parentPort.postMessage({ code }),
        ))`
    this.#worker = new Worker(code, { eval: true, workerData: path })
  }

  async call(...call) {
    this.#worker.postMessage(call)
    const [answer] = await once(this.#worker, 'message')
    if (answer.code) throw Object.assign(new Error(answer.code), { code: answer.code })
    return answer.result
  }

  end() {
    return this.#worker.terminate()
  }
}

/** Whether somebody has the directory open. */
async function isHeld(path) {
  const level = new Level(path)
  const held = await level.open().then(
    () => false,
    ({ cause }) => cause.code === 'LEVEL_LOCKED',
  )
  await level.close()
  return held
}

test('a store of a worker thread shares the database; the last close closes it', async () => {
  const path = scratch('db')
  const near = new LevelDBSigilAdapter(path)
  const far = new FarStore(path)
  await near.setSigilRecord('a', 'near', { x: 1 })
  expect(await far.call('getSigilRecord', 'a', 'near')).toEqual({ x: 1 })
  await far.call('setSigilRecord', 'a', 'far', { x: 2 })
  expect(await near.getSigilRecord('a', 'far')).toEqual({ x: 2 })

  await near.close()
  expect(await far.call('getSigilRecord', 'a', 'near')).toEqual({ x: 1 })
  expect(await isHeld(path)).toBe(true)
  await near.open()
  await far.call('close')
  expect(await near.countSigilRecords()).toBe(2)
  await expect(far.call('getSigilRecord', 'a', 'near')).rejects.toMatchObject({
    code: 'LEVEL_DATABASE_NOT_OPEN',
  })
  expect(await isHeld(path)).toBe(true)
  await near.close()
  expect(await isHeld(path)).toBe(false)
  await far.end()
})

test('a thread that ends without closing gives its hold up, and takes nobody with it', async () => {
  const path = scratch('db')
  const near = new LevelDBSigilAdapter(path)
  const far = new FarStore(path)
  await far.call('setSigilRecord', 'a', 'far', { x: 2 })
  await near.open()
  await far.end()
  expect(await near.getSigilRecord('a', 'far')).toEqual({ x: 2 })
  await near.setSigilRecord('a', 'near', { x: 1 })
  await near.close()
  const level = new Level(path, { lockTimeout: 10_000 })
  expect(await level.keys().all()).toEqual(['sigil:a:far', 'sigil:a:near'])
  await level.close()
})

test('closing adapter.db closes its adapter, and no other; either opens both again', async () => {
  const path = scratch('db')
  const [one, other] = [new LevelDBSigilAdapter(path), new LevelDBSigilAdapter(path)]
  await one.db.put('sigil:a:b', '{"x":1}')
  await other.open()
  const notOpen = { code: 'LEVEL_DATABASE_NOT_OPEN' }

  await one.db.close()
  await expect(one.getSigilRecord('a', 'b')).rejects.toMatchObject(notOpen)
  expect(await other.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await one.close()
  await one.db.close()

  await one.db.open()
  expect(await one.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  await one.close()
  expect(one.db.status).toBe('closed')
  await expect(one.db.get('sigil:a:b')).rejects.toMatchObject(notOpen)

  await one.open()
  expect(await one.getSigilRecord('a', 'b')).toEqual({ x: 1 })
  expect(await one.db.get('sigil:a:b')).toBe('{"x":1}')
  await Promise.all([one.close(), one.db.close(), other.db.close(), other.close()])
  expect(await isHeld(path)).toBe(false)
})

test('iterators of one adapter go on when another one closes', async () => {
  const path = scratch('db')
  const [one, other] = [new LevelDBSigilAdapter(path), new LevelDBSigilAdapter(path)]
  await one.db.batch(['a', 'b', 'c'].map((key) => ({ type: 'put', key, value: key })))
  await other.open()
  const iterator = one.db.keys()
  expect(await iterator.next()).toBe('a')
  await other.close()
  expect(await iterator.next()).toBe('b')
  await iterator.close()
  await one.close()
})

test('asking a closed store for its Level does not open it again', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  await store.open()
  await store.close()
  const level = store.db
  await expect(level.get('a')).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
  const other = new Level(path)
  await other.open()
  await other.close()
  await level.open()
  await store.setSigilRecord('a', 'b', { x: 1 })
  expect(await level.get('sigil:a:b')).toBe('{"x":1}')
  await store.close()
})
