// What tests of an identity need: a clock that stands until it is moved, and stores as callers make
// them.

const { setTimeout: delay } = require('node:timers/promises')
const { metrics } = require('sigil-vault')

/** A state whose memory is a crystal by itself. */
const HIGH = { phi: 1, coherence: 1, awareness: 1, emotionalResonance: 1 }

/** Both clocks; only that of the calendar can be set. */
function fakeClock() {
  let [now, elapsed] = [1_700_000_000_000, 0]
  return {
    now: () => now,
    elapsed: () => elapsed,
    forward(milliseconds) {
      now += milliseconds
      elapsed += milliseconds
    },
    setCalendar(milliseconds) {
      now += milliseconds
    },
  }
}

/** A caller's own object, which counts what it is asked and can be told to fail. */
function plainStore() {
  const records = new Map()
  const store = {
    records: undefined,
    written: 0,
    deleted: 0,
    failing: undefined,
    keys: () => [...records.keys()],
    async setSigilRecord(symbol, id, record) {
      await null
      if (store.failing) throw store.failing
      store.written += 1
      records.set(`${symbol}:${id}`, JSON.stringify(record))
    },
    async getSigilRecord(symbol, id) {
      const text = records.get(`${symbol}:${id}`)
      return text === undefined ? undefined : JSON.parse(text)
    },
    async deleteSigilRecord(symbol, id) {
      await null
      if (store.failing) throw store.failing
      store.deleted += 1
      records.delete(`${symbol}:${id}`)
    },
    async allSigilRecords() {
      if (store.failing) throw store.failing
      return [...records.values()].map((text) => JSON.parse(text))
    },
  }
  return store
}

/** A number as it is scraped; 0 where there is none. */
function sample(name) {
  const line = metrics()
    .split('\n')
    .find((text) => text.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

async function until(condition) {
  while (!condition()) await delay(2)
}

module.exports = { fakeClock, HIGH, plainStore, sample, until }
