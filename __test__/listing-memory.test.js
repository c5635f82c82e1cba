// Guards that going through all records takes bounded memory: a heap that the records would not fit
// into by far, and that nobody collects by hand, is enough for going through 200,000 of them.

const { spawnSync } = require('node:child_process')
const { LevelDBSigilAdapter } = require('sigil-vault')
const { root } = require('./support/child.js')
const { scratchFolder } = require('./support/scratch.js')

const COUNT = 200_000
/** Megabytes: of old objects. The records are more than three times that. */
const HEAP = 24
const scratch = scratchFolder()

jest.setTimeout(120_000)

function runInSmallHeap(path, code) {
  const script = `
    const { LevelDBSigilAdapter } = require('sigil-vault')
    const store = new LevelDBSigilAdapter(${JSON.stringify(path)})
    ;(async () => {${code}})().then((said) => process.stdout.write(JSON.stringify(said)))`
  const args = [`--max-old-space-size=${HEAP}`, '--eval', script]
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
}

test('for await over 200,000 records in a heap that holds a few of them', async () => {
  const path = scratch('db')
  const store = new LevelDBSigilAdapter(path)
  const text = 'x'.repeat(250)
  for (let from = 0; from < COUNT; from += 5000) {
    await Promise.all(
      Array.from({ length: 5000 }, (_, n) =>
        store.setSigilRecord('t', `s${from + n}`, 'h', { n: from + n, text }),
      ),
    )
  }
  await store.close()

  const { status, stdout, stderr } = runInSmallHeap(
    path,
    `let [count, sum] = [0, 0]
    for await (const { n } of store.records({ tenantId: 't' })) {
      count += 1
      sum += n
    }
    await store.close()
    return { count, sum }`,
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({ count: COUNT, sum: ((COUNT - 1) * COUNT) / 2 })

  // Otherwise the heap says nothing.
  const all = runInSmallHeap(path, `return (await store.allSigilRecords('t')).length`)
  expect(all.status).not.toBe(0)
  expect(all.stderr).toContain('heap out of memory')
})
