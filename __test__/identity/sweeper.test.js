// Guards the regular call: never twice at once, no burst after a pause, and an end that waits.

const { setTimeout: delay } = require('node:timers/promises')
const { Sweeper } = require('../../lib/identity/sweeper.js')

async function until(condition) {
  while (!condition()) await delay(1)
}

test('stopping waits for the sweep in progress, and there is none after it', async () => {
  const owner = { begun: 0, ended: 0 }
  const sweep = async (one) => {
    one.begun += 1
    await delay(40)
    one.ended += 1
  }
  const sweeper = new Sweeper(1, sweep, owner)
  await until(() => owner.begun === 2)
  await sweeper.stop()
  expect(owner).toEqual({ begun: 2, ended: 2 })
  await delay(20)
  expect(owner.begun).toBe(2)
  await sweeper.stop()
})

test('what was missed while nothing could run is not made up for', async () => {
  const owner = { begun: 0 }
  const sweep = async (one) => {
    one.begun += 1
  }
  const sweeper = new Sweeper(20, sweep, owner)
  await until(() => owner.begun === 1)
  const blocked = performance.now()
  while (performance.now() - blocked < 300);
  const before = owner.begun
  // One was on its way, and one more can be due by now.
  await delay(5)
  expect(owner.begun - before).toBeLessThanOrEqual(2)
  await sweeper.stop()
})
