// What identities count: their sweeps, what these released and what failed, and how many memories
// and crystals there are. Identities that are started are asked for these when somebody wants to
// know.

const { feed } = require('../metrics/index.js')
const { SampledHistogram } = require('../metrics/sampled-histogram.js')

const KINDS = ['decay', 'crystallization']

const durations = new Map(KINDS.map((kind) => [kind, new SampledHistogram()]))
const errors = new Map()
let released = 0

/** Identities that have memories in use. */
const identities = new Set()
/** Those that nobody has any more were not stopped. */
const collected = new FinalizationRegistry((reference) => identities.delete(reference))

function sum(count) {
  let total = 0
  for (const reference of identities) {
    const identity = reference.deref()
    if (identity === undefined) identities.delete(reference)
    else total += count(identity)
  }
  return total
}

const NUMBERS = [
  {
    name: 'sigil_gc_sweep_total',
    type: 'counter',
    help: 'Sweeps that were done, by their kind.',
    values: () =>
      KINDS.map((kind) => ({ labels: { kind }, value: durations.get(kind).read().count })),
  },
  {
    name: 'sigil_gc_sweep_duration_seconds',
    type: 'histogram',
    help: 'Sweeps, until the store had taken what they did.',
    values: () =>
      KINDS.map((kind) => ({ labels: { kind }, histogram: durations.get(kind).read() })),
  },
  {
    name: 'sigil_gc_released_total',
    type: 'counter',
    help: 'Memories that were released.',
    values: () => [{ labels: {}, value: released }],
  },
  {
    name: 'sigil_gc_error_total',
    type: 'counter',
    help: 'Failures in the background, by what was being done.',
    values: () => [...errors].map(([kind, value]) => ({ labels: { kind }, value })),
  },
  {
    name: 'sigil_memories',
    type: 'gauge',
    help: 'Memories of identities that are started.',
    values: () => [{ labels: {}, value: sum((identity) => identity.sigilMemory.size) }],
  },
  {
    name: 'sigil_crystals',
    type: 'gauge',
    help: 'Crystals of identities that are started.',
    values: () => [{ labels: {}, value: sum((identity) => identity.crystallizedStates.size) }],
  },
]

NUMBERS.forEach(feed)

/** Counts an identity's memories until the function that it gives is called. */
function count(identity) {
  const reference = new WeakRef(identity)
  identities.add(reference)
  collected.register(identity, reference, reference)
  return () => {
    identities.delete(reference)
    collected.unregister(reference)
  }
}

/** Notes a sweep that began at a time, by `performance.now()`. */
function swept(kind, since) {
  durations.get(kind).waited(since)
}

function noteReleased(memories) {
  released += memories
}

function noteFault(kind) {
  errors.set(kind, (errors.get(kind) ?? 0) + 1)
}

module.exports = { count, noteFault, noteReleased, swept }
