// A process of its own for tests that could take theirs down with them, with what is needed to see
// whether something grows in it.

const { spawnSync } = require('node:child_process')
const { join } = require('node:path')

const root = join(__dirname, '..', '..')

// A thread or a handle may be on its way out, so what is counted is waited for.
const PRELUDE = `
  const { readdirSync, writeSync } = require('node:fs')
  const { setTimeout: delay } = require('node:timers/promises')
  const { Level, LevelDBSigilAdapter } = require('sigil-vault')
  const count = (folder) => process.platform === 'linux' ? readdirSync('/proc/self/' + folder).length : 0
  const settle = async () => {
    for (let n = 0; n < 5; n++) { global.gc?.(); await delay(30) }
  }
  const usage = async () => {
    await settle()
    return { handles: count('fd'), threads: count('task'), bytes: process.memoryUsage.rss() }
  }
  /**
   * Does the same often, and says what a tenth of it left behind, and what the rest added. Collects
   * along the way, in a turn of its own as what belongs to the addon needs it: otherwise there would
   * be as much garbage as fits, and memory says nothing.
   */
  const watch = async (times, body) => {
    let before
    for (let n = 0; n < times; n++) {
      await body(n)
      if (n % Math.min(times / 50, 2000) === 0) { global.gc(); await delay(1) }
      if (n === Math.ceil(times / 10)) before = await usage()
    }
    return { before, after: await usage() }
  }
`

/**
 * Runs code in a process that must end by itself, without a signal and without a word, within a
 * second of its last statement. Gives what the code returned.
 */
function run(path, code) {
  const script = `${PRELUDE}
    const path = ${JSON.stringify(path)}
    ;(async () => {${code}})().then((result) =>
      writeSync(1, JSON.stringify({ result, ended: Date.now() })))`
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    // Young objects get the room that they have at first: memory that grows is then not that.
    ['--expose-gc', '--max-semi-space-size=1', '--eval', script],
    { cwd: root, encoding: 'utf8', timeout: 540_000, killSignal: 'SIGKILL' },
  )
  const exited = Date.now()
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  const { result, ended } = JSON.parse(stdout)
  expect(exited - ended).toBeLessThan(1000)
  return result
}

/**
 * Nothing that was counted has grown; memory not beyond what an allocator keeps for itself, which is
 * some hundred kilobytes, and with threads that come and go a few megabytes.
 */
function expectNoGrowth({ before, after }, megabytes = 8) {
  expect(after.handles).toBeLessThanOrEqual(before.handles)
  expect(after.threads).toBeLessThanOrEqual(before.threads)
  expect((after.bytes - before.bytes) / 2 ** 20).toBeLessThan(megabytes)
}

module.exports = { expectNoGrowth, root, run }
