// Guards reading beside another process that writes: a follower opens, reads and catches up at any
// moment of the writer's work, its flushes and compactions included; it sees what was acknowledged
// before, changes nothing in the directory, and holds no lock.

const { readdirSync, statSync } = require('node:fs')
const { join } = require('node:path')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { FarProcess } = require('./support/far-process.js')
const { scratchFolder } = require('./support/scratch.js')
const { testOnDisk } = require('./support/small-disk.js')
const { testWhere } = require('./support/where-possible.js')

jest.setTimeout(120_000)

const ROUNDS = 12
const KEYS = 400
let writer

// Ended before its folder goes, in this order.
afterEach(() => writer?.kill())
const scratch = scratchFolder()

const keyOf = (n) => `key-${String(n % KEYS).padStart(5, '0')}`

/** Batches that a writer is told to write without waiting; `last` is the last one acknowledged. */
class Writing {
  last = -1
  #sent = 0
  #waiting = []

  /** So small a buffer is flushed all the time, and the tables compacted. */
  static on(path) {
    writer = new FarProcess('Level', path, { writeBufferSize: 16 << 10, maxFileSize: 64 << 10 })
    return writer.call('open').then(() => new Writing())
  }

  send(count) {
    for (let n = 0; n < count; n++) {
      const number = this.#sent++
      const value = `${number} `.padEnd(500, 'x')
      const batch = [
        { type: 'put', key: keyOf(number), value },
        { type: 'put', key: 'latest', value: String(number) },
      ]
      const written = writer.call('batch', batch).then(() => {
        this.last = number
      })
      // A test that has failed already waits for it no more.
      written.catch(() => {})
      this.#waiting.push(written)
    }
  }

  /** Until no more than so many are under way. */
  async until(left) {
    const count = this.#waiting.length - left
    await Promise.all(this.#waiting.splice(0, count))
  }
}

/** Everything that anybody can see of a directory without reading what is in its files. */
function listing(path) {
  return ['.', ...readdirSync(path).sort()].map((name) => {
    const { ino, mode, size, mtimeMs, ctimeMs } = statSync(join(path, name))
    return { name, ino, mode, size, mtimeMs, ctimeMs }
  })
}

/** Everything that was written up to a number, and at most what was sent after it. */
async function expectAllUpTo(level, last) {
  const entries = new Map(await level.iterator().all())
  const latest = Number(entries.get('latest'))
  expect(latest).toBeGreaterThanOrEqual(last)
  for (let n = Math.max(0, latest - KEYS + 1); n <= latest; n++) {
    expect(Number(entries.get(keyOf(n)).trimEnd().split(' ')[0])).toBe(n)
  }
  expect(entries.size).toBe(Math.min(latest + 1, KEYS) + 1)
}

const missing = process.platform === 'linux' ? undefined : 'needs processes that stand still'

testWhere(missing)('a follower sees what is acknowledged, and touches nothing', async () => {
  const path = scratch('db')
  const writing = await Writing.on(path)
  writing.send(1)
  await writing.until(0)
  const follower = new Level(path, { readOnly: true })
  await follower.open()
  const tables = new Set()
  let compacted

  for (let round = 0; round < ROUNDS; round++) {
    writing.send(200)
    if (round === ROUNDS / 2) compacted = writer.call('compactRange', '', '~')
    await writing.until(round * 5)
    // Wherever the writer is now: whatever changes is the follower's doing.
    await writer.pause()
    const before = listing(path)
    const { last } = writing

    await follower.refresh()
    await expectAllUpTo(follower, last)
    const another = new Level(path, { readOnly: true })
    await expectAllUpTo(another, last)
    await another.close()

    expect(listing(path)).toEqual(before)
    for (const { name } of before) if (name.endsWith('.ldb')) tables.add(name)
    writer.resume()
  }

  // A lock of the follower's would be in the way of the next writer.
  await writing.until(0)
  await compacted
  // Otherwise it has followed no flush and no compaction.
  expect(tables.size).toBeGreaterThan(6)
  const left = new Set(readdirSync(path))
  expect([...tables].some((name) => !left.has(name))).toBe(true)
  await writer.kill()
  const next = new Level(path, { createIfMissing: false })
  await next.put('zzz', 'of the next writer')
  expect(await follower.refresh()).toBe(true)
  expect(await follower.get('zzz')).toBe('of the next writer')
  await next.close()
  await follower.close()
})

test('a follower keeps what it has until it is refreshed, and its iterators go on', async () => {
  const path = scratch('db')
  const writing = await Writing.on(path)
  writing.send(KEYS)
  await writing.until(0)
  const follower = new Level(path, { readOnly: true })
  await expectAllUpTo(follower, writing.last)
  const iterator = follower.values({ gte: 'key-', lt: 'key~' })
  expect(Number.parseInt(await iterator.next(), 10)).toBe(0)

  writing.send(5 * KEYS)
  await writing.until(0)
  await writer.call('compactRange', '', '~')
  expect(await follower.get('latest')).toBe(String(KEYS - 1))
  expect(await follower.refresh()).toBe(true)
  expect(await follower.get('latest')).toBe(String(6 * KEYS - 1))
  // The tables that it reads from are gone from the directory.
  for (let n = 1; n < KEYS; n++) expect(Number.parseInt(await iterator.next(), 10)).toBe(n)
  expect(await iterator.next()).toBeUndefined()
  expect(await follower.refresh()).toBe(false)
  await follower.close()
})

testOnDisk('a follower needs no right to write: a read-only mount', '10m', async (disk) => {
  const view = disk.readOnlyView()
  writer = new FarProcess('LevelDBSigilAdapter', join(disk.path, 'db'), {
    writeBufferSize: 16 << 10,
  })
  await writer.call('setSigilRecord', 't', 's', 'h0', { n: 0 })
  const follower = new LevelDBSigilAdapter(join(view, 'db'), { readOnly: true })
  for (let n = 1; n < 200; n++) {
    await writer.call('setSigilRecord', 't', 's', `h${n}`, { n, text: 'x'.repeat(500) })
    if (n % 20 === 0) {
      await follower.refresh()
      expect(await follower.getSigilRecord('t', 's', `h${n}`)).toMatchObject({ n })
      expect(await follower.countSigilRecords('t')).toBe(n + 1)
    }
  }
  await expect(follower.setSigilRecord('a', 'b', {})).rejects.toMatchObject({
    code: 'LEVEL_READ_ONLY',
  })
  await follower.close()
  await writer.kill()
})
