// Guards what encoding and sweeping cost: next to nothing more for many memories than for few. Times
// are the best of several, which a busy machine changes least.

const { performance } = require('node:perf_hooks')
const { SigilIdentity } = require('sigil-vault')
const { fakeClock } = require('./support.js')

const many = process.env.SIGIL_LONG === '1' ? 1_000_000 : 30_000
const FEW = 1000
const BATCH = 500

jest.setTimeout(600_000)

/** Takes everything, keeps nothing. */
function nowhere() {
  const store = {
    operations: 0,
    async setSigilRecord() {
      store.operations += 1
    },
    async getSigilRecord() {},
    async deleteSigilRecord() {
      store.operations += 1
    },
    async allSigilRecords() {
      return []
    },
  }
  return store
}

async function best(times, body) {
  let least = Number.POSITIVE_INFINITY
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await body()
    least = Math.min(least, performance.now() - began)
  }
  return least
}

async function filled(count) {
  const store = nowhere()
  const clock = fakeClock()
  const memoryConfig = { maxSigils: 10 * many, memoryDecayRate: 1e-9 }
  const identity = new SigilIdentity(store, { clock, memoryConfig })
  let made = 0
  const encode = async (more) => {
    for (let n = 0; n < more; n++) await identity.encodeSigilMemory({ n: made++ })
  }
  while (made < count) {
    await encode(Math.min(1000, count - made))
    clock.forward(1)
    if (made % 50_000 === 0) await identity.processMemoryDecay()
  }
  return { identity, store, clock, encode }
}

test(`with ${many} memories`, async () => {
  // What compiles code has done so before anything is measured.
  await filled(20 * FEW)
  const large = await filled(many)
  const least = { small: Number.POSITIVE_INFINITY, large: Number.POSITIVE_INFINITY }
  // In turns, so that whatever else happens happens to both.
  for (let n = 0; n < 8; n++) {
    const fresh = await filled(FEW)
    least.small = Math.min(least.small, await best(1, () => fresh.encode(BATCH)))
    least.large = Math.min(least.large, await best(1, () => large.encode(BATCH)))
  }
  expect(least.large / least.small).toBeLessThan(1.5)

  const before = large.store.operations
  const sweep = await best(20, async () => {
    large.clock.forward(5000)
    await large.identity.processMemoryDecay()
  })
  expect(sweep).toBeLessThan(1)
  expect(large.store.operations).toBe(before)
})
