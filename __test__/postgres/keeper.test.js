// Guards the machine that tests run on: a server for tests ends with whoever has started it, also
// when that one is killed, and leaves nothing behind.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { chmodSync, readdirSync } = require('node:fs')
const { connect } = require('node:net')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { scratchFolder } = require('../support/scratch.js')

const keeper = join(__dirname, '..', 'support', 'postgres-keeper.mjs')
const scratch = scratchFolder()

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

test.each([
  ['whose starter is killed', (starter) => starter.kill('SIGKILL')],
  ['of a run that is interrupted as a whole', ({ pid }) => process.kill(-pid, 'SIGINT')],
  ['of a run that is ended as a whole', ({ pid }) => process.kill(-pid, 'SIGTERM')],
])('a server %s is gone', async (_, end) => {
  const folder = scratch('')
  // Where the run is root's, the server is not.
  chmodSync(folder, 0o755)
  const code = `const { spawn } = require('node:child_process')
    spawn(process.execPath, [${JSON.stringify(keeper)}], { stdio: ['pipe', 1, 2] })
    setInterval(() => {}, 1000)`
  const env = { ...process.env, TMPDIR: folder, TEMP: folder }
  const starter = spawn(process.execPath, ['--eval', code], { env, detached: true })
  const [said] = await once(starter.stdout.setEncoding('utf8'), 'data')
  const { port } = new URL(said)
  expect(await listens(port)).toBe(true)
  expect(readdirSync(folder)).toHaveLength(1)
  end(starter)
  while (await listens(port)) await delay(20)
  while (readdirSync(folder).length > 0) await delay(20)
})
