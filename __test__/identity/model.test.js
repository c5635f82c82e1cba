// The whole identity, with its store, its order of operations and its restarts, against a plain list
// to which the contract's rules are applied one after the other. The clock is virtual; its calendar
// jumps by years. What is random comes from a seed that a failure names.

const { SigilIdentity } = require('sigil-vault')
const { fakeClock, plainStore } = require('./support.js')

const YEAR = 365 * 24 * 3600 * 1000
const RATE = 0.001
const MOST = 30
const ROUNDS = 12
const STEPS = 250
/** What the store has of a memory that was encoded. */
const NEW = { stored: 0, idle: 0 }

/** Small, and good enough to choose steps. */
function randomOf(seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

class Model {
  memories = []
  made = 0

  add(id, at, persistent) {
    this.memories.push({
      id,
      order: this.made++,
      base: 0,
      gained: 0,
      at,
      count: 0,
      persistent,
      ...NEW,
    })
  }

  decay({ base, gained }) {
    return Math.min(1, base + (gained * RATE) / 1000)
  }

  touch(id, at) {
    const memory = this.memories.find((one) => one.id === id)
    if (memory === undefined) return false
    const stored = this.decay(memory)
    const count = memory.count + 1
    Object.assign(memory, { base: stored, gained: 0, at, count, stored, idle: 0 })
    return true
  }

  sweep(now) {
    for (const memory of this.memories) memory.gained += now - memory.at
    const isDue = (memory) => !memory.persistent && this.decay(memory) > 0.95
    const due = this.memories.filter(isDue)
    this.memories = this.memories.filter((memory) => !isDue(memory))
    return due.length
  }

  /** Those that are too many have gone; of equals in the last digits it is for others to say which. */
  keepTo(most, known) {
    // Beyond 1, the order is still that of what was added.
    const total = ({ base, gained }) => base + (gained * RATE) / 1000
    const mortal = this.memories.filter(({ persistent }) => !persistent)
    const count = Math.min(mortal.length, Math.max(0, this.memories.length - most))
    const gone = mortal.filter(({ id }) => !known.has(id))
    expect(gone).toHaveLength(count)
    const left = mortal.filter((memory) => !gone.includes(memory))
    for (const one of gone) {
      for (const other of left) {
        expect(total(one) - total(other)).toBeGreaterThan(-1e-9)
        if (one.base !== other.base || one.gained !== other.gained) continue
        expect(one.at - other.at || one.order - other.order).toBeLessThan(0)
      }
    }
    this.memories = this.memories.filter((memory) => !gone.includes(memory))
  }

  /**
   * Time that nobody was running does not count: decay and age go on as they were stored. Where
   * any decay is not what the store has, stopping has noted all that there are. The order is that
   * of ids.
   */
  restart(now) {
    const hasAged = this.memories.some((memory) => this.decay(memory) !== memory.stored)
    this.memories.sort((one, other) => (one.id < other.id ? -1 : 1))
    for (const memory of this.memories) {
      const stored = this.decay(memory)
      const idle = hasAged && stored > 0 ? now - memory.at : memory.idle
      const order = this.made++
      Object.assign(memory, { base: stored, gained: 0, stored, idle, at: now - idle, order })
    }
  }
}

async function play(seed) {
  const random = randomOf(seed)
  const clock = fakeClock()
  const store = plainStore()
  const memoryConfig = { maxSigils: MOST, memoryDecayRate: RATE }
  const model = new Model()
  const ids = ['nobody']
  let identity = new SigilIdentity(store, { clock, memoryConfig })
  for (let step = 0; step < STEPS; step++) {
    const what = random(100)
    const name = `seed ${seed}, step ${step}, kind ${what}`
    if (what < 35) {
      const quality = random(12) === 0 ? 1 : 0.5
      const state = { phi: quality, coherence: quality, awareness: quality }
      const { id } = await identity.encodeSigilMemory(random(20), {
        ...state,
        emotionalResonance: quality,
      })
      ids.push(id)
      model.add(id, clock.elapsed(), quality === 1)
    } else if (what < 65) {
      const id = ids[random(ids.length)]
      const [touched, expected] = [await identity.touch(id), model.touch(id, clock.elapsed())]
      expect([name, touched]).toEqual([name, expected])
    } else if (what < 80) {
      const { released } = await identity.processMemoryDecay()
      expect([name, released]).toEqual([name, model.sweep(clock.elapsed())])
    } else if (what < 95) clock.forward(random(60_000))
    else if (what < 98) clock.setCalendar(random(2) ? YEAR : -YEAR)
    else {
      await identity.stop()
      // Longer than anybody was away: the calendar tells nothing of the time in between.
      clock.setCalendar(100 * YEAR)
      identity = new SigilIdentity(store, { clock, memoryConfig })
      await identity.initialize()
      model.restart(clock.elapsed())
    }
    model.keepTo(MOST, identity.sigilMemory)
    const known = [...identity.sigilMemory.values()]
    const seen = known.map(({ id, accessCount }) => [id, accessCount])
    const expected = model.memories.map(({ id, count }) => [id, count])
    expect([name, seen.sort()]).toEqual([name, expected.sort()])
    for (const memory of model.memories) {
      const { decay } = identity.sigilMemory.get(memory.id)
      expect(Math.abs(decay - model.decay(memory))).toBeLessThan(1e-9)
    }
  }
  await identity.stop()
  const stored = store.keys().filter((key) => key.startsWith('sigil-memory:'))
  expect(stored.sort()).toEqual(model.memories.map(({ id }) => `sigil-memory:${id}`).sort())
}

test.each(Array.from({ length: ROUNDS }, (_, n) => n + 1))(
  'random encodes, accesses, sweeps, clocks and restarts: seed %d',
  (seed) => play(seed),
)
