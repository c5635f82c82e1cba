// The work that is measured. Every one gives how many operations it did in how many seconds; keys
// come in an order that is neither sorted nor known to the cache, the same for all contenders.

/** A record of about 380 bytes of JSON. */
export function smallRecord(number) {
  return {
    id: `sigil-${number}`,
    timestamp: 1_700_000_000_000 + number,
    type: 'consciousness-instance',
    phi: 1.618033988749895,
    coherence: (number % 997) / 997,
    tags: ['alpha', 'beta', `group-${number % 31}`],
    pattern: [{ angle: number % 360, radius: 0.618, intensity: (number % 101) / 101 }],
    note: `${HEX.slice(number % 64, (number % 64) + 160)}`,
  }
}

/** A record of about 10 kB of JSON. */
export function largeRecord(number) {
  return {
    ...smallRecord(number),
    body: HEX.slice(number % 64)
      .repeat(19)
      .slice(0, 9_600),
  }
}

const HEX = Array.from({ length: 512 }, (_, index) =>
  ((index * 2_654_435_761) >>> 28).toString(16),
).join('')

/** A number's place in a fixed order without pattern. */
export function keyOf(number) {
  return `s-${((number * 2_654_435_761) >>> 0).toString(36).padStart(7, '0')}`
}

/** Calls after which everything that is called is compiled. */
const WARM_CALLS = 20_000

/** Calls `work` for 0 to `count`, with so many calls under way at any time. */
async function inFlight(width, count, work) {
  let next = 0
  const one = async () => {
    while (next < count) await work(next++)
  }
  const began = process.hrtime.bigint()
  await Promise.all(Array.from({ length: width }, one))
  return rate(count, began)
}

async function once(count, work) {
  const began = process.hrtime.bigint()
  await work()
  return rate(count, began)
}

function rate(count, began) {
  return count / (Number(process.hrtime.bigint() - began) / 1e9)
}

/**
 * All the work on one store that is empty. Small records first, then large ones in a store of
 * their own.
 */
export async function measure(open, scale) {
  const results = {}
  await measureRecords(open, 'small', smallRecord, Math.round(40_000 * scale), results)
  await measureRecords(open, 'large', largeRecord, Math.round(4_000 * scale), results)
  return results
}

async function measureRecords(open, size, recordOf, count, results) {
  const store = await open(size)
  const put = (number) => store.put(keyOf(number), recordOf(number))
  const get = (number) => store.get(keyOf(number))
  // What is compiled on the first thousands of calls is nobody's speed.
  const warm = size === 'small' ? WARM_CALLS : count / 10
  await inFlight(64, warm, (number) => put(number % count))
  await inFlight(64, warm, (number) => get(number % warm))
  const note = (work, figure) => {
    results[`${size}: ${work}`] = figure
  }
  note('put, 64 in flight', await inFlight(64, count, put))
  note('put, one by one', await inFlight(1, count / 4, (number) => put(count + number)))
  // Once unmeasured: what is measured is a get of what was read before.
  await inFlight(64, count, get)
  note('get, 64 in flight', await inFlight(64, count, get))
  note('get, one by one', await inFlight(1, count / 4, get))
  const there = 2.5 * count
  await inFlight(64, there, put)
  note('read all', await once(there, () => readAll(store, there)))
  await batches(store, recordOf, there, count / 4_000)
  note('batch of 1,000', await batches(store, recordOf, 2 * there, count / 4_000))
  if (store.putDurable) {
    const durable = (from) => (number) =>
      store.putDurable(keyOf(from + number), recordOf(from + number))
    note('durable put, 64 in flight', await inFlight(64, count / 4, durable(10 * count)))
    note('durable put, one by one', await inFlight(1, count / 40, durable(20 * count)))
  }
  await store.close()
}

async function readAll(store, expected) {
  const records = await store.all()
  if (records.length !== expected) throw new Error(`${records.length} records of ${expected}`)
}

async function batches(store, recordOf, from, count) {
  const lots = Array.from({ length: Math.max(1, Math.round(count)) }, (_, lot) =>
    Array.from({ length: 1_000 }, (_, index) => {
      const number = from + lot * 1_000 + index
      return [keyOf(number), recordOf(number)]
    }),
  )
  return once(lots.length * 1_000, async () => {
    for (const lot of lots) await store.batch(lot)
  })
}
