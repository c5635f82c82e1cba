// A process with an identity on shared memories: `node sweeping-process.js OPTIONS`, JSON. It
// encodes memories that soon decay away, as long as it lives, and says what it did: a JSON line each
// for every memory that was acknowledged and for the lease coming and going, with the time by a clock
// that all processes of the machine have in common. It stops when its standard input ends.

const { writeSync } = require('node:fs')
const { setTimeout: delay } = require('node:timers/promises')
const { PostgresSigilAdapter, SigilIdentity } = require('../../index.js')

const { url, schema, name, decayPeriod, leaseDuration } = JSON.parse(process.argv[2])
const say = (what) =>
  writeSync(
    1,
    `${JSON.stringify({ ...what, at: Number(process.hrtime.bigint() / 1000n) / 1000 })}\n`,
  )

async function main() {
  const store = new PostgresSigilAdapter(`${url}?application_name=${name}`, { schema, max: 4 })
  const identity = new SigilIdentity(store, {
    memoryConfig: { memoryDecayRate: 5 },
    decayPeriod,
    crystallizationPeriod: decayPeriod,
    leaseDuration,
  })
  identity.on('lease', ({ held }) => say({ held }))
  identity.on('fault', ({ kind, error }) => say({ fault: kind, message: error.message }))
  let ending = false
  process.stdin.resume().on('end', () => {
    ending = true
  })
  await identity.start()
  say({ started: true })
  while (!ending) {
    const { id } = await identity.encodeSigilMemory(name)
    say({ id })
    await delay(10)
  }
  await identity.stop()
  await store.close()
  process.stdin.destroy()
}

main()
