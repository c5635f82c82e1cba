// Guards what opening and closing come to, in whatever order they are called for: two stores on one
// directory, and at times a Level that has it for itself, do this and that at random, and mostly do
// not wait for it. Then all of it is waited for and must have come to something: what was called for
// last is so, of a store and of its `db`; what was acknowledged is there, what was refused is not.

const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const SEEDS = Array.from({ length: process.env.SIGIL_LONG === '1' ? 300 : 15 }, (_, seed) => seed)
const STEPS = 150
const MAY_BE_REFUSED = ['LEVEL_DATABASE_NOT_OPEN', 'LEVEL_LOCKED', 'LEVEL_ITERATOR_NOT_OPEN']

const scratch = scratchFolder()

/** Numbers from 0 up to a bound, the same for a seed. */
function chance(seed) {
  let state = seed + 1
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/** Stores on one directory, what was done with them, and what that must have come to. */
class Play {
  #path
  #below
  #stores
  #intruder
  #pending = []
  #written = 0
  /** The records that must be there, and those that may be: nobody has waited for them yet. */
  #acknowledged = new Set()
  #underWay = new Set()

  constructor(path, below) {
    this.#path = path
    this.#below = below
    const options = [{}, { lockTimeout: 2 ** 31 }]
    this.#stores = options.map((option) => ({
      store: new LevelDBSigilAdapter(path, option),
      isToBeOpen: true,
    }))
  }

  #moves = {
    open: (one) => {
      one.isToBeOpen = true
      return one.store.open()
    },
    close: (one) => {
      one.isToBeOpen = false
      return one.store.close()
    },
    openDb: (one) => {
      one.isToBeOpen = true
      return one.store.db.open()
    },
    closeDb: (one) => {
      one.isToBeOpen = false
      return one.store.db.close()
    },
    set: ({ store }) => this.#write((name) => store.setSigilRecord('t', name, 'h', {})),
    batch: ({ store }) =>
      this.#write((sigilId) =>
        store.batch([{ type: 'put', tenantId: 't', sigilId, authHash: 'h', record: {} }]),
      ),
    put: ({ store }) => this.#write((name) => store.db.put(`t!sigil!${name}!h`, '{}')),
    list: async ({ store }) => {
      const before = [...this.#acknowledged]
      const found = (await store.db.keys().all()).map((key) => key.split('!')[2])
      this.#expectAmong(found, before)
      return store.allSigilRecords('t')
    },
    count: async ({ store }) => {
      const before = this.#acknowledged.size
      expect(await store.countSigilRecords('t')).toBeGreaterThanOrEqual(before)
    },
    get: async ({ store }) => {
      const [name] = this.#acknowledged
      const found = name === undefined ? {} : await store.getSigilRecord('t', name, 'h')
      expect(found).toBeDefined()
    },
    health: async ({ store }) => {
      expect(['healthy', 'unhealthy']).toContain((await store.getHealth()).status)
    },
    intrude: async () => {
      if (this.#intruder !== undefined) return
      this.#intruder = new Level(this.#path)
      await this.#intruder.open().catch(({ cause }) => {
        throw cause
      })
    },
    leave: async () => {
      const intruder = this.#intruder
      this.#intruder = undefined
      await intruder?.close()
    },
  }

  async step() {
    const names = Object.keys(this.#moves)
    const move = names[this.#below(names.length)]
    const one = this.#stores[this.#below(this.#stores.length)]
    this.#pending.push(this.#refusal(this.#moves[move](one)))
    const pause = this.#below(8)
    if (pause === 0) await this.settle()
    else if (pause < 3) await new Promise(setImmediate)
    else if (pause < 5) await undefined
  }

  /** Waits for all of it, and looks at what it has come to. */
  async settle() {
    this.#pending.push(this.#refusal(this.#moves.leave()))
    const refusals = (await Promise.all(this.#pending)).filter((code) => code !== undefined)
    this.#pending = []
    expect(refusals.filter((code) => !MAY_BE_REFUSED.includes(code))).toEqual([])
    for (const one of this.#stores) await this.#check(one)
    if (this.#stores.every(({ isToBeOpen }) => !isToBeOpen)) {
      const alone = new Level(this.#path)
      await alone.open()
      await alone.close()
    }
  }

  async end() {
    await this.settle()
    await Promise.all(this.#stores.map((one) => this.#moves.close(one)))
    await this.settle()
  }

  async #check(one) {
    const { store } = one
    const isOpen = (await this.#refusal(store.getSigilRecord('t', 'none', 'h'))) === undefined
    const { status, details } = await store.getHealth()
    const sync = await this.#refusal((async () => store.db.getSync('none'))())
    expect({ isOpen, db: store.db.status, status, sync, open: details.open }).toEqual(
      one.isToBeOpen
        ? { isOpen: true, db: 'open', status: 'healthy', sync: undefined, open: true }
        : {
            isOpen: false,
            db: 'closed',
            status: 'unhealthy',
            sync: 'LEVEL_DATABASE_NOT_OPEN',
            open: false,
          },
    )
    if (!isOpen) return
    const names = (await store.allSigilRecords('t')).map(({ sigilId }) => sigilId)
    const keys = (await store.db.keys().all()).map((key) => key.split('!')[2])
    expect(keys.sort()).toEqual([...this.#acknowledged].sort())
    expect(names).toHaveLength(keys.length)
  }

  async #write(call) {
    const name = `s${this.#written++}`
    this.#underWay.add(name)
    try {
      await call(name)
      this.#acknowledged.add(name)
    } finally {
      this.#underWay.delete(name)
    }
  }

  #expectAmong(found, before) {
    expect(found).toEqual(expect.arrayContaining(before))
    const known = (name) => this.#acknowledged.has(name) || this.#underWay.has(name)
    expect(found.filter((name) => !known(name))).toEqual([])
  }

  async #refusal(called) {
    try {
      await called
      return undefined
    } catch (error) {
      if (error.code === undefined) throw error
      return error.code
    }
  }
}

test.each(SEEDS)('stores come to what was called for last (%i)', async (seed) => {
  const play = new Play(scratch('db'), chance(seed))
  for (let step = 0; step < STEPS; step++) await play.step()
  await play.end()
})
