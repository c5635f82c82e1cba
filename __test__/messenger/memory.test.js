// What is left in a process once a store is closed: neither the password nor a key. Another process
// looks: it reads the memory of the first one, and finds out from the header which keys that has.

const { spawn } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const { once } = require('node:events')
const { closeSync, openSync, readFileSync, readSync } = require('node:fs')
const { join } = require('node:path')
const { createInterface } = require('node:readline')
const { testWhere } = require('../support/where-possible.js')
const { cleanUp, newDirectory, root } = require('./helpers.js')
const { hkdf, readHeader } = require('./read-header.js')

afterEach(cleanUp)

const MASK = 0x15

/** A process with a store. The password is in it only as the class has it, and masked. */
const WORKER = (dataPath, password) => `
  const { StorageEngine } = require('sigil-vault')
  const give = () => {
    const bytes = Uint8Array.from(${JSON.stringify([...password].map((byte) => byte ^ MASK))})
    const text = String.fromCharCode(...bytes.map((byte) => byte ^ ${MASK}))
    const onFault = (fault) => faults.push(fault)
    const dataPath = ${JSON.stringify(dataPath)}
    return { dataPath, encryptionPassword: text, autoBackup: false, onFault }
  }
  const faults = []
  const say = (line) => require('node:fs').writeSync(1, line + '\\n')
  const told = () => new Promise((resolve) => process.stdin.once('data', resolve))
  const main = async () => {
    const store = new StorageEngine(give())
    await store.initialize()
    for (let n = 0; n < 50; n++) await store.saveMessage({ id: 'm' + n, sender: 'a', timestamp: n })
    await store.getRecentMessages()
    await store.verifyBackup(await store.backup())
    // What the caller's string has left goes with what is collected.
    const collect = () => { for (let n = 0; n < 5; n++) gc() }
    collect()
    say('open')
    await told()
    await store.close()
    collect()
    say('closed')
    await told()
    // The class is still there, with all that it has.
    return store
  }
  main().then((store) => process.exit(store === undefined ? 1 : faults.length))`

/** How often each of `needles` stands in the memory of a process that can be written. */
function sightings(pid, needles) {
  const found = needles.map(() => 0)
  const overlap = Math.max(...needles.map(({ length }) => length)) - 1
  const buffer = Buffer.alloc(4 << 20)
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to, rest] = /^(\w+)-(\w+) rw(.*)$/.exec(line) ?? []
    if (from === undefined || rest.includes('[v')) continue
    const end = Number.parseInt(to, 16)
    for (let at = Number.parseInt(from, 16); at < end; at += buffer.length - overlap) {
      const read = readIf(memory, buffer, Math.min(buffer.length, end - at), at)
      const piece = buffer.subarray(0, read)
      needles.forEach((needle, index) => {
        for (let seen = piece.indexOf(needle); seen >= 0; seen = piece.indexOf(needle, seen + 1)) {
          found[index] += 1
        }
      })
    }
  }
  closeSync(memory)
  return found
}

/** Some pages have no memory behind them. */
function readIf(memory, buffer, length, at) {
  try {
    return readSync(memory, buffer, 0, length, at)
  } catch (error) {
    if (error.code === 'EIO' || error.code === 'EFAULT') return 0
    throw error
  }
}

/** The halves of secrets that are not soon the allocator's where memory is freed. */
const halvesOf = (secrets) => secrets.map((secret) => secret.subarray(secret.length / 2))

/** A password like the id of a peer, of which the host is warned. */
function peerId() {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  return `12D3KooW${Array.from(randomBytes(44), (byte) => alphabet[byte % 58]).join('')}`
}

const linux = testWhere(
  process.platform === 'linux' ? undefined : 'a process whose memory is a file',
)

linux(
  'neither the password nor a key is in memory once the store is closed',
  () => nothingIsLeftOf(Buffer.from(randomBytes(24).toString('base64')), 0),
  60_000,
)

linux(
  'nor is a password that the host was warned of',
  () => nothingIsLeftOf(Buffer.from(peerId()), 1),
  60_000,
)

async function nothingIsLeftOf(password, warnings) {
  const dataPath = newDirectory()
  const code = WORKER(dataPath, password)
  const flags = ['--expose-gc', '--clear-free-memory', '--eval', code]
  const child = spawn(process.execPath, flags, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('open')
  const header = readHeader(readFileSync(join(dataPath, 'g3zkp-db', 'keys-a')), password.toString())
  const records = header.keys.at(-1).key
  const kept = [password, header.wrapping, header.nameKey, records]
  const passing = [header.root, header.names, hkdf(records, header.store, 'sigil-vault 1 records')]
  const needles = halvesOf([...kept, ...passing])
  const open = sightings(child.pid, needles)
  // Looking finds what is there.
  expect(open.slice(0, kept.length).map((count) => count > 0)).toEqual(kept.map(() => true))
  child.stdin.write('close\n')
  expect((await lines.next()).value).toBe('closed')
  const left = sightings(child.pid, needles)
  child.stdin.end('exit\n')
  expect(await once(child, 'exit')).toEqual([warnings, null])
  expect(left).toEqual(needles.map(() => 0))
}
