// Guards the end of a process that is asked to end: what is under way is finished, what is known is
// in the store, and the process ends by itself; or within its time, where something does not end.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { setTimeout: delay } = require('node:timers/promises')
const {
  installShutdownHooks,
  InvalidParametersError,
  LevelDBSigilAdapter,
  SigilIdentity,
} = require('sigil-vault')
const { root } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const scratch = scratchFolder()

/** Runs code until it says that it is ready, sends a signal after a time, and waits for the end. */
async function signalled(signal, code, after = 0) {
  const child = spawn(process.execPath, ['--eval', code], { cwd: root })
  const said = []
  child.stderr.on('data', (data) => said.push(String(data)))
  const out = []
  child.stdout.on('data', (data) => out.push(String(data)))
  await once(child.stdout, 'data')
  await delay(after)
  const sent = performance.now()
  child.kill(signal)
  const [status] = await once(child, 'close')
  return { status, out: out.join(''), said: said.join(''), took: performance.now() - sent }
}

test.each(['SIGINT', 'SIGTERM'])(
  '%s stops, flushes, closes, and the process ends',
  async (signal) => {
    const path = scratch('db')
    const { status, out, said, took } = await signalled(
      signal,
      `const { installShutdownHooks, LevelDBSigilAdapter, SigilIdentity } = require('sigil-vault')
    const store = new LevelDBSigilAdapter(${JSON.stringify(path)})
    let elapsed = 0
    const clock = { now: Date.now, elapsed: () => elapsed }
    const identity = new SigilIdentity(store, { clock, decayPeriod: 1 })
    const order = []
    installShutdownHooks(
      { stop: () => order.push('first') },
      identity,
      { close: () => order.push('between') },
      store,
      { close: () => process.stdout.write(' ' + order.join()) },
      { timeLimit: 15_000 },
    )
    ;(async () => {
      await identity.encodeSigilMemory('kept')
      elapsed = 10_000
      await identity.start()
      await identity.processMemoryDecay()
      for (let n = 0; n < 500; n++) identity.encodeSigilMemory(n)
      process.stdout.write('ready')
    })()
    // Something else that listens, as a server would.
    const server = require('node:net').createServer().listen(0, '127.0.0.1')
    installShutdownHooks(server)`,
    )
    expect({ status, out, said }).toEqual({ status: 0, out: 'ready first,between', said: '' })
    // Not because its time was over.
    expect(took).toBeLessThan(10_000)
    const store = new LevelDBSigilAdapter(path)
    const all = await store.allSigilRecords()
    expect(all.filter(({ data }) => data !== undefined)).toHaveLength(501)
    // Noted by the end alone: no sweep writes.
    const next = new SigilIdentity(store)
    await next.initialize()
    const kept = [...next.sigilMemory.values()].find(({ data }) => data === 'kept')
    expect(kept.decay).toBeGreaterThanOrEqual(0.01)
    await store.close()
  },
)

test('what does not end is left behind after the time limit', async () => {
  const { status, took } = await signalled(
    'SIGTERM',
    `const { installShutdownHooks } = require('sigil-vault')
    installShutdownHooks({ stop: () => new Promise(() => {}) }, { timeLimit: 300 })
    setInterval(() => {}, 1000)
    process.stdout.write('ready')`,
  )
  expect(status).toBe(1)
  expect(took).toBeGreaterThan(250)
  // Not at the limit that there is without it.
  expect(took).toBeLessThan(8000)
})

test('a second signal ends the process at once', async () => {
  const child = spawn(
    process.execPath,
    [
      '--eval',
      `require('sigil-vault').installShutdownHooks({
        stop: () => {
          process.stdout.write('stopping')
          return new Promise(() => {})
        },
      }, { timeLimit: 60_000 })
      setInterval(() => {}, 1000)
      process.stdout.write('ready')`,
    ],
    { cwd: root },
  )
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  await once(child.stdout, 'data')
  const began = performance.now()
  child.kill('SIGINT')
  expect(await once(child, 'close')).toEqual([1, null])
  expect(performance.now() - began).toBeLessThan(10_000)
})

test('a limit longer than timers know is a long one', async () => {
  const { status, out, said } = await signalled(
    'SIGTERM',
    `const { installShutdownHooks } = require('sigil-vault')
    const stop = () => new Promise((resolve) => setTimeout(resolve, 300))
    const alive = setInterval(() => {}, 1000)
    const close = () => {
      clearInterval(alive)
      process.stdout.write(' closed')
    }
    installShutdownHooks({ stop }, { close }, { timeLimit: 2 ** 31 })
    process.stdout.write('ready')`,
  )
  expect({ status, out, said }).toEqual({ status: 0, out: 'ready closed', said: '' })
})

test.each(['SIGTERM', 'SIGKILL'])('%s: what was acknowledged is there', async (signal) => {
  const path = scratch('db')
  const { out } = await signalled(
    signal,
    `const { installShutdownHooks, LevelDBSigilAdapter, SigilIdentity } = require('sigil-vault')
    const store = new LevelDBSigilAdapter(${JSON.stringify(path)})
    const identity = new SigilIdentity(store, { decayPeriod: 2 })
    installShutdownHooks(identity, store)
    const tell = (what) => require('node:fs').writeSync(1, what + '\\n')
    const work = async (n) => {
      const { id } = await identity.encodeSigilMemory(n)
      tell('encoded ' + id)
      for (let count = 1; ; count++) {
        if (await identity.touch(id)) tell('touched ' + id + ' ' + count)
      }
    }
    identity.start().then(() => {
      tell('ready')
      for (let n = 0; n < 20; n++) work(n).catch(() => {})
    })`,
    300,
  )
  const store = new LevelDBSigilAdapter(path)
  const told = out.split('\n').map((line) => line.split(' '))
  const touched = told.filter(([what]) => what === 'touched')
  expect(told.filter(([what]) => what === 'encoded').length).toBe(20)
  expect(touched.length).toBeGreaterThan(20)
  for (const [what, id, count] of told) {
    if (what !== 'encoded' && what !== 'touched') continue
    const { accessCount } = await store.getSigilRecord('sigil-memory', id)
    expect(accessCount).toBeGreaterThanOrEqual(Number(count ?? 0))
  }
  await store.close()
})

test('one that fails is reported, and does not keep the others from ending', async () => {
  const { status, out } = await signalled(
    'SIGINT',
    `const { installShutdownHooks } = require('sigil-vault')
    const fail = async () => { throw new Error('stuck') }
    const close = () => process.stdout.write(' closed')
    const onError = ({ message }) => process.stdout.write(' ' + message)
    installShutdownHooks({ stop: fail }, { close }, { onError })
    setTimeout(() => {}, 500)
    process.stdout.write('ready')`,
  )
  expect({ status, out }).toEqual({ status: 1, out: 'ready stuck closed' })
})

test('the hooks are taken back, and what cannot end is refused', () => {
  const before = process.listenerCount('SIGTERM')
  const uninstall = installShutdownHooks({ stop() {} })
  expect(process.listenerCount('SIGTERM')).toBe(before + 1)
  const others = Array.from({ length: 20 }, () => installShutdownHooks({ stop() {} }))
  expect(process.listenerCount('SIGTERM')).toBe(before + 1)
  for (const other of others) other()
  expect(process.listenerCount('SIGTERM')).toBe(before + 1)
  uninstall()
  uninstall()
  expect(process.listenerCount('SIGTERM')).toBe(before)
  expect(() => installShutdownHooks({}, { stop() {} })).toThrow(InvalidParametersError)
  expect(() => installShutdownHooks({ stop() {} }, { timeLimit: -1 })).toThrow(
    InvalidParametersError,
  )
})
