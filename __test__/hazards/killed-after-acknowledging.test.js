// Hazard: the process is killed right after the last of 10,000 sigil writes was acknowledged, by
// nothing that it could notice. All must be there. Says how long the writes took.

const { spawnSync } = require('node:child_process')
const { LevelDBSigilAdapter } = require('sigil-vault')
const { root } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const COUNT = 10_000
const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test.each([
  ['one by one', 'interval', 1],
  ['64 at a time', 'interval', 64],
  ['64 at a time, durable', 'sync', 64],
])('10,000 sigils written %s, then SIGKILL', async (how, durability, inFlight) => {
  const path = scratch('db')
  const code = `
    const { LevelDBSigilAdapter } = require('sigil-vault')
    const store = new LevelDBSigilAdapter(${JSON.stringify(path)}, { durability: '${durability}' })
    let next = 0
    const write = async () => {
      while (next < ${COUNT}) {
        const n = next++
        await store.setSigilRecord('⟐' + n, 'hash', { n, text: 'x'.repeat(340) })
      }
    }
    store.open().then(async () => {
      const started = process.hrtime.bigint()
      await Promise.all(Array.from({ length: ${inFlight} }, write))
      const seconds = Number(process.hrtime.bigint() - started) / 1e9
      require('node:fs').writeSync(1, String(seconds))
      process.kill(process.pid, 'SIGKILL')
    })`
  const { signal, stdout, stderr } = spawnSync(process.execPath, ['--eval', code], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' })
  const seconds = Number(stdout)
  expect(seconds).toBeGreaterThan(0)
  // scripts/test.mjs shows it.
  process.stdout.write(`figure: ${COUNT} sigils ${how}: acknowledged in ${seconds.toFixed(3)} s\n`)

  const store = new LevelDBSigilAdapter(path)
  const found = new Set()
  for await (const { n } of store.records()) found.add(n)
  expect(found.size).toBe(COUNT)
  for (let n = 0; n < COUNT; n += 97) {
    expect(await store.getSigilRecord(`⟐${n}`, 'hash')).toMatchObject({ n })
  }
  await store.close()
})
