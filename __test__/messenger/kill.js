// Kills processes that save and do something else besides, and asks the next one for what was
// acknowledged.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { createInterface } = require('node:readline')
const { openStore, root } = require('./helpers.js')

const PASSWORDS = ['the first password', 'the second password']

/** What is saved beside each message, in turn, by the letter that its ids begin with. */
const ITEMS = { s: 'Session', x: 'Proof', e: 'Peer' }

/** What a process does besides saving; `say` tells the one that kills it. */
const HABITS = {
  // Backups are made by themselves meanwhile.
  rotating: { span: 120, body: 'save(16); for (;;) await store.rotateKey()' },
  // A backup of all there is takes nothing away.
  restoring: {
    span: 400,
    body: 'for (;;) { await one(); await store.restore(await store.backup()) }',
  },
  changingPassword: {
    span: 1_200,
    body: `save(4); for (let now = first; ; now = 1 - now) {
      say('changing')
      await store.changePassword(PASSWORDS[now], PASSWORDS[1 - now])
      say('changed ' + (1 - now))
    }`,
  },
}

const WORKER = (dataPath, habit, password) => `
  const { StorageEngine } = require('sigil-vault')
  const PASSWORDS = ${JSON.stringify(PASSWORDS)}
  const first = ${password}
  const store = new StorageEngine({ dataPath: ${JSON.stringify(dataPath)},
    encryptionPassword: PASSWORDS[first], autoBackup: ${habit === 'rotating'},
    backupInterval: 15, keepBackups: 2 })
  const fs = require('node:fs')
  const say = (line) => fs.writeSync(1, line + '\\n')
  let n
  const items = Object.entries(${JSON.stringify(ITEMS)})
  const one = async () => {
    const number = n++
    const id = 'm' + number
    const [letter, kind] = items[number % items.length]
    await Promise.all([
      store.saveMessage({ id, sender: 'a', recipient: 'b', timestamp: n }).then(() => say(id)),
      store['save' + kind](letter + number, { number }).then(() => say(letter + number)),
    ])
  }
  const save = (count) => {
    for (let at = 0; at < count; at++) (async () => { for (;;) await one() })()
  }
  const main = async () => {
    await store.initialize()
    n = (await store.getStats()).messageCount
    say('ready')
    ${HABITS[habit].body}
  }
  main()`

/** Runs a process until it is killed; gives what it has said. */
async function runAndKill(dataPath, habit, password, delay) {
  const lines = []
  const child = spawn(process.execPath, ['--eval', WORKER(dataPath, habit, password)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = createInterface({ input: child.stdout })
  const exit = once(child, 'exit')
  output.on('line', (line) => {
    lines.push(line)
    if (line === 'ready') setTimeout(() => child.kill('SIGKILL'), delay)
  })
  const [[, signal]] = await Promise.all([exit, once(output, 'close')])
  expect(signal).toBe('SIGKILL')
  return lines
}

/** Opens with the password that is in force: the one acknowledged last, or the one that was coming. */
async function reopen(dataPath, lines, before) {
  const told = lines.filter((line) => line.startsWith('chang'))
  const last = told.findLast((line) => line.startsWith('changed '))
  const acknowledged = last === undefined ? before : Number(last.at(-1))
  const open = (password) => openStore(dataPath, { encryptionPassword: PASSWORDS[password] })
  try {
    return { store: await open(acknowledged), password: acknowledged }
  } catch (error) {
    expect(error).toMatchObject({ code: 'KEY_WRONG' })
    expect(told.at(-1)).toBe('changing')
    return { store: await open(1 - acknowledged), password: 1 - acknowledged }
  }
}

async function expectThere(store, id) {
  const kind = ITEMS[id[0]]
  if (kind === undefined) expect(await store.getMessage(id)).toMatchObject({ id })
  else expect(await store[`get${kind}`](id)).toEqual({ number: Number(id.slice(1)) })
}

async function killRounds(dataPath, rounds, habit) {
  const all = []
  let password = 0
  for (let round = 0; round < rounds; round++) {
    // Anywhere in the span, however few rounds there are.
    const delay = ((round * 0.618) % 1) * HABITS[habit].span
    const lines = await runAndKill(dataPath, habit, password, delay)
    const acknowledged = lines.filter((line) => /^[msxe]\d+$/.test(line))
    const opened = await reopen(dataPath, lines, password)
    const { store } = opened
    password = opened.password
    all.push(...acknowledged)
    // Those of earlier rounds once more at the end.
    const asked = round + 1 < rounds ? acknowledged : all
    for (const id of asked) await expectThere(store, id)
    expect((await store.verify()).whole).toBe(true)
    const { messageCount } = await store.getStats()
    const messages = all.filter((id) => id.startsWith('m'))
    expect(messageCount).toBeGreaterThanOrEqual(messages.length)
    expect(await store.getMessagesByPeer('a', Infinity)).toHaveLength(messageCount)
    await store.close()
  }
  return all.length
}

module.exports = { HABITS, killRounds }
