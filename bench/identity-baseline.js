// What an identity did before, from its description, on classic-level: an encode reads and compares
// all records, and a sweep rewrites every record.

import { createHash, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { ClassicLevel } = require('classic-level')

const PHI = 1.618033988749895
const PREFIX = 'sigil:sigil-memory:'
const CONFIG = { resonanceThreshold: 0.85, memoryDecayRate: 0.001 }

export class BaselineIdentity {
  resonanceNetwork = new Map()
  #db

  constructor(directory) {
    this.#db = new ClassicLevel(directory, { valueEncoding: 'json' })
  }

  /** Stores memories without comparing them, which would take the square of their number. */
  async fill(count, dataOf) {
    const memories = Array.from({ length: count }, (_, n) => memoryOf(dataOf(n), {}))
    for (let at = 0; at < count; at += 1000) {
      const part = memories.slice(at, at + 1000)
      await this.#db.batch(
        part.map((memory) => ({ type: 'put', key: PREFIX + memory.id, value: memory })),
      )
    }
  }

  async encodeSigilMemory(data, consciousnessState = {}) {
    const memory = memoryOf(data, consciousnessState)
    const resonant = []
    for await (const other of this.#all()) {
      const difference = Math.abs(memory.resonanceFrequency - other.resonanceFrequency)
      const resonance = Math.exp(-difference / PHI)
      if (resonance > CONFIG.resonanceThreshold) resonant.push({ id: other.id, resonance })
    }
    this.resonanceNetwork.set(memory.id, resonant)
    await this.#db.put(PREFIX + memory.id, memory)
    return memory
  }

  async processMemoryDecay() {
    const now = Date.now()
    for await (const memory of this.#all()) {
      const idle = (now - memory.lastAccessed) / 1000
      memory.decay = Math.min(1, memory.decay + idle * CONFIG.memoryDecayRate)
      const gone = memory.decay > 0.95 && !memory.isPersistent
      if (gone) await this.#db.del(PREFIX + memory.id)
      else await this.#db.put(PREFIX + memory.id, memory)
    }
  }

  close() {
    return this.#db.close()
  }

  #all() {
    return this.#db.values({ gte: PREFIX, lt: 'sigil:sigil-memory;' })
  }
}

function memoryOf(data, consciousnessState) {
  const hash = createHash('sha256').update(JSON.stringify(data)).digest('hex')
  const segment = (at) => Number.parseInt(hash.slice(at * 8, at * 8 + 8), 16)
  const quality = (name) => consciousnessState[name] ?? 0.5
  const now = Date.now()
  return {
    id: randomUUID(),
    timestamp: now,
    data,
    consciousnessState,
    resonanceFrequency: ((segment(0) % 1000) / 1000) * PHI,
    memoryPattern: Array.from({ length: 6 }, (_, at) => {
      const v = segment(at) / 0xffffffff
      return {
        spiralAngle: v * 2 * Math.PI * PHI,
        spiralRadius: v * PHI,
        resonanceIntensity: v,
        memoryWeight: v ** PHI,
      }
    }),
    crystallizationPotential:
      (quality('phi') * PHI +
        quality('coherence') +
        quality('awareness') +
        quality('emotionalResonance')) /
      (3 + PHI),
    accessCount: 0,
    lastAccessed: now,
    decay: 0,
  }
}
