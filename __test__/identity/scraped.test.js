// Guards the numbers of sweeps where they are read: at the service's /metrics, and in the registry of
// a host's prom-client. Each sweep adds one, whoever calls for it.

const { setTimeout: delay } = require('node:timers/promises')
const { Registry } = require('prom-client')
const { InMemoryStorageDriver, registerMetrics, SigilIdentity } = require('sigil-vault')
const { createServer } = require('sigil-vault/server')
const { plainStore } = require('./support.js')

const KINDS = ['decay', 'crystallization']

/** The sweeps that a text of metrics tells of, by their kind. */
function sweepsIn(text) {
  return KINDS.map((kind) => {
    const found = new RegExp(`^sigil_gc_sweep_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)
    return Number(found?.[1] ?? 0)
  })
}

test('sweeps increment what is scraped, of the service and of a host alike', async () => {
  const options = { decayPeriod: 10, crystallizationPeriod: 10 }
  const identity = new SigilIdentity(plainStore(), options)
  const store = new InMemoryStorageDriver()
  const registry = new Registry()
  registerMetrics(registry)
  const app = await createServer({ store, identity: () => identity.getIdentity() })
  const scrape = async () => sweepsIn((await app.inject('/metrics')).payload)
  const hosts = async () => sweepsIn(await registry.metrics())
  const before = await scrape()
  await identity.processMemoryDecay()
  await identity.processMemoryDecay()
  await identity.crystallizeMemoryPatterns()
  const after = [before[0] + 2, before[1] + 1]
  expect([await scrape(), await hosts()]).toEqual([after, after])
  // By the timer too.
  await identity.start()
  while ((await scrape()).some((count, at) => count < after[at] + 3)) await delay(5)
  await identity.stop()
  const stopped = await scrape()
  await delay(50)
  expect([await scrape(), await hosts()]).toEqual([stopped, stopped])
  await app.close()
})
