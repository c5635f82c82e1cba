// Hazard: identities that are started and stopped, forgotten, or cut off with their thread. The
// timers of the old code survived a reload; here nothing may grow, crash, or keep a process alive.

const { expectNoGrowth, run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const scratch = scratchFolder()

// What is counted is the same on a busy machine.
jest.setTimeout(600_000)

test('five hundred reloads, each with an identity that is started and stopped', () => {
  const { growth, listeners } = run(
    scratch('db'),
    `const { InMemoryStorageDriver } = require('sigil-vault')
    // One that fills no buffers and opens no files, so that all growth is the identities'.
    const store = new InMemoryStorageDriver()
    const listening = () =>
      process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
    const before = listening()
    const reloaded = (name) => {
      const modules = Object.values(require.cache)
      for (const [file, loaded] of Object.entries(require.cache)) {
        if (!/lib.(identity|shutdown-hooks)/.test(file)) continue
        delete require.cache[file]
        // Node itself would keep every copy.
        for (const { children } of modules) {
          if (children.includes(loaded)) children.splice(children.indexOf(loaded), 1)
        }
      }
      return require.cache[require.resolve('sigil-vault')].require('./lib/' + name)
    }
    const round = async (n) => {
      const { SigilIdentity } = reloaded('identity/sigil-identity.js')
      const { installShutdownHooks } = reloaded('shutdown-hooks.js')
      const options = { decayPeriod: 1, crystallizationPeriod: 1 }
      const identity = new SigilIdentity(store, options)
      const uninstall = installShutdownHooks(identity)
      await identity.start()
      await identity.encodeSigilMemory({ n: n % 10 })
      identity.memoryConfig.memoryDecayRate = 1e9
      await delay(3)
      await identity.processMemoryDecay()
      await identity.stop()
      uninstall()
    }
    // Until what compiles code, and what allocates, has what it wants.
    await watch(300, round)
    const growth = await watch(500, round)
    const listeners = listening() - before
    await store.close()
    return { growth, listeners }`,
  )
  expectNoGrowth(growth, 2)
  expect(listeners).toBe(0)
})

test('identities that nobody has any more end by themselves', () => {
  const growth = run(
    scratch('db'),
    `const { SigilIdentity, InMemoryStorageDriver } = require('sigil-vault')
    const kept = new SigilIdentity(new InMemoryStorageDriver(), { decayPeriod: 1 })
    const before = await usage()
    const collected = []
    const forget = async (n) => {
      const identity = new SigilIdentity(undefined, { decayPeriod: 1, crystallizationPeriod: 1 })
      collected.push(new WeakRef(identity))
      await identity.start()
      await identity.encodeSigilMemory(n)
    }
    for (let n = 0; n < 200; n++) await forget(n)
    const deadline = Date.now() + 60_000
    while (collected.some((one) => one.deref()) && Date.now() < deadline) await settle()
    await settle()
    const after = await usage()
    const left = collected.filter((one) => one.deref()).length
    if (left > 0) throw new Error('kept ' + left)
    // Without a thread that was not there before: that of the timer has ended.
    await kept.start()
    const started = await usage()
    if (started.threads !== after.threads + 1) throw new Error('not a thread more')
    await kept.stop()
    return { before, after }`,
  )
  expect(growth.after.handles).toBeLessThanOrEqual(growth.before.handles)
  expect(growth.after.threads).toBeLessThanOrEqual(growth.before.threads)
})

test('a process ends by itself with an identity started', () => {
  run(
    scratch('db'),
    `const { SigilIdentity } = require('sigil-vault')
    const store = new LevelDBSigilAdapter(path)
    const identity = new SigilIdentity(store, { decayPeriod: 1, crystallizationPeriod: 1 })
    await identity.start()
    await identity.encodeSigilMemory('x')
    await delay(20)`,
  )
})

test('workers terminated in the middle of sweeps', () => {
  const growth = run(
    scratch('db'),
    `const { Worker } = require('node:worker_threads')
    const code = \`
      const { SigilIdentity } = require('sigil-vault')
      const { parentPort } = require('node:worker_threads')
      const all = Array.from({ length: 20 }, () =>
        new SigilIdentity(undefined, { decayPeriod: 1, crystallizationPeriod: 1 }))
      Promise.all(all.map(async (identity) => {
        await identity.start()
        for (let n = 0; n < 20; n++) identity.encodeSigilMemory(n)
      })).then(() => parentPort.postMessage('busy'))
      setInterval(() => {}, 1000)
    \`
    return watch(40, async () => {
      const worker = new Worker(code, { eval: true })
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      await worker.terminate()
    })`,
  )
  expectNoGrowth(growth, 48)
})
