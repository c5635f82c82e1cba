// Guards that a directory passes between classic-level and us however its writer ends: one writes,
// is killed at a random moment, and the other finds everything that was acknowledged, and writes on.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { ClassicLevel } = require('classic-level')
const { join } = require('node:path')
const { Level } = require('sigil-vault')
const { scratchFolder } = require('../support/scratch.js')
const { checkHistory } = require('../support/written.js')

const rounds = process.env.SIGIL_LONG === '1' ? 60 : 8
const scratch = scratchFolder()

/** Lets a process write for a while and kills it; gives the last number that it acknowledged. */
async function writeAndKill(from, path, round, history, milliseconds) {
  const args = [join(__dirname, '../support/writer.js'), from, path, String(round)]
  const child = spawn(process.execPath, [...args, JSON.stringify(history)], {
    cwd: join(__dirname, '../..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let complained = ''
  child.stderr.on('data', (text) => {
    complained += text
  })
  child.stdout.on('data', (text) => {
    // From the first write on, so that a slow start does not eat the time.
    if (said === '') setTimeout(() => child.kill('SIGKILL'), milliseconds)
    said += text
  })
  const [status, signal] = await once(child, 'close')
  expect({ status, signal, complained }).toEqual({
    status: null,
    signal: 'SIGKILL',
    complained: '',
  })
  // The last line may have been cut by the kill.
  const lines = said.split('\n').slice(0, -1)
  expect(lines[0]).toBe('ready')
  return Number(lines.at(-1) === 'ready' ? -1 : lines.at(-1))
}

test(`${rounds} rounds of writers killed at random moments, in turns`, async () => {
  const path = scratch('db')
  const history = []
  for (let round = 0; round < rounds; round++) {
    const from = round % 2 === 0 ? 'classic-level' : 'sigil-vault'
    history.push(await writeAndKill(from, path, round, history, 20 + Math.random() * 300))
  }
  expect(history.reduce((sum, last) => sum + last + 1, 0)).toBeGreaterThan(rounds * 10)
  for (const Class of [ClassicLevel, Level, ClassicLevel]) {
    const db = new Class(path)
    await checkHistory(db, history)
    await db.close()
  }
}, 300_000)
