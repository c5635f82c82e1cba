// Kills processes that save and asks the next one for what was acknowledged.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { createInterface } = require('node:readline')
const { PASSWORD, openStore, root } = require('./helpers.js')

const WORKER = (dataPath) => `
  const { StorageEngine } = require('sigil-vault')
  const store = new StorageEngine({ dataPath: ${JSON.stringify(dataPath)},
    encryptionPassword: ${JSON.stringify(PASSWORD)}, autoBackup: true, backupInterval: 15,
    keepBackups: 2 })
  const fs = require('node:fs')
  const main = async () => {
    await store.initialize()
    let n = (await store.getStats()).messageCount
    fs.writeSync(1, 'ready\\n')
    const rotate = async () => { for (;;) await store.rotateKey() }
    rotate()
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (;;) {
        const id = 'm' + n++
        await store.saveMessage({ id, sender: 'a', recipient: 'b', timestamp: n })
        fs.writeSync(1, id + '\\n')
      }
    }))
  }
  main()`

async function killRounds(dataPath, rounds) {
  const all = []
  for (let round = 0; round < rounds; round++) {
    const acknowledged = []
    const child = spawn(process.execPath, ['--eval', WORKER(dataPath)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    const exit = once(child, 'exit')
    lines.on('line', (line) => {
      if (line !== 'ready') return acknowledged.push(line)
      setTimeout(() => child.kill('SIGKILL'), (round * 37) % 120)
    })
    await Promise.all([exit, once(lines, 'close')])
    const store = await openStore(dataPath)
    all.push(...acknowledged)
    // Those of earlier rounds once more at the end.
    const asked = round + 1 < rounds ? acknowledged : all
    for (const id of asked) expect(await store.getMessage(id)).toMatchObject({ id })
    expect((await store.verify()).whole).toBe(true)
    const { messageCount } = await store.getStats()
    expect(messageCount).toBeGreaterThanOrEqual(all.length)
    expect(await store.getMessagesByPeer('a', Infinity)).toHaveLength(messageCount)
    await store.close()
  }
  return all.length
}

module.exports = { killRounds }
