// Guards the lease: one has it, until it gives it up or its time is over, by the database's clock
// and by its own; and what is done under it is not done when it is another's by then.

const { setTimeout: delay } = require('node:timers/promises')
const { PostgresSigilAdapter } = require('sigil-vault')
const { freshSchema, freshStore } = require('./support.js')
const { cutAll, proxy } = require('./proxy.js')

const MEMORY = { id: 'm', lastAccessed: 1, accessCount: 0 }

let schema
let stores

beforeEach(() => {
  schema = freshSchema()
  stores = [freshStore({ schema }), freshStore({ schema })]
})

afterEach(async () => {
  await cutAll()
  await Promise.all(stores.map((store) => store.close()))
})

const uses = (milliseconds) =>
  stores.map((store, at) => store.sharedUse('memories', `holder-${at}`, milliseconds))

test('of many who ask at once one has it, and the others when it is given up', async () => {
  const all = Array.from({ length: 20 }, (_, n) =>
    stores[n % 2].sharedUse('memories', `one of many ${n}`, 60_000),
  )
  const held = await Promise.all(all.map(({ lease }) => lease.hold()))
  expect(held.filter(Boolean)).toHaveLength(1)
  expect(all.map(({ lease }) => lease.held)).toEqual(held)
  const holder = all[held.indexOf(true)]
  expect(await holder.lease.hold()).toBe(true)
  await holder.lease.giveUp()
  expect(holder.lease.held).toBe(false)
  const others = all.filter((one) => one !== holder)
  const then = await Promise.all(others.map(({ lease }) => lease.hold()))
  expect(then.filter(Boolean)).toHaveLength(1)
  const otherName = stores[0].sharedUse('other memories', 'someone', 60_000)
  expect(await otherName.lease.hold()).toBe(true)
})

test('one that is not renewed is over, for its holder first', async () => {
  const [one, other] = uses(400)
  expect(await one.lease.hold()).toBe(true)
  let last
  for (;;) {
    const held = await other.lease.hold()
    if (held) break
    last = one.lease.held
    await delay(5)
  }
  expect(one.lease.held).toBe(false)
  expect(last).toBeDefined()
  expect(await one.lease.renew()).toBe(false)
  expect(await one.lease.hold()).toBe(false)
})

test('one that is renewed goes on', async () => {
  const [one, other] = uses(300)
  await one.lease.hold()
  for (let n = 0; n < 20; n++) {
    await delay(40)
    expect(await one.lease.renew()).toBe(true)
    expect(await other.lease.hold()).toBe(false)
  }
})

test('a statement under a lease that is over by then does nothing', async () => {
  const way = await proxy()
  const [, other] = uses(300)
  const away = new PostgresSigilAdapter(way.url, { schema })
  stores.push(away)
  const one = away.sharedUse('memories', 'far away', 300)
  await stores[1].setSigilRecord('sigil-memory', 'm', MEMORY)
  expect(await one.lease.hold()).toBe(true)
  way.stall(true)
  const releasing = one.release('sigil-memory', [MEMORY])
  const keeping = one.keep('sigil-crystal', 'c', { id: 'c' })
  while (!(await other.lease.hold())) await delay(10)
  expect(one.lease.held).toBe(false)
  way.stall(false)
  expect(await releasing).toEqual(new Set())
  await keeping
  expect(await stores[1].getSigilRecord('sigil-memory', 'm')).toEqual(MEMORY)
  expect(await stores[1].getSigilRecord('sigil-crystal', 'c')).toBeUndefined()
  expect(await other.release('sigil-memory', [MEMORY])).toEqual(new Set(['m']))
  expect(await stores[1].getSigilRecord('sigil-memory', 'm')).toBeUndefined()
})

test('what somebody has used since is not released, and not overwritten', async () => {
  const [one] = uses(60_000)
  await one.lease.hold()
  await stores[1].setSigilRecord('sigil-memory', 'm', MEMORY)
  const used = await one.access('sigil-memory', 'm', { ...MEMORY, lastAccessed: 2 }, 3)
  expect(used).toBe(3)
  expect(await one.release('sigil-memory', [MEMORY])).toEqual(new Set())
  await one.note('sigil-memory', [{ ...MEMORY, decay: 0.5 }])
  const now = { ...MEMORY, lastAccessed: 2, accessCount: 3 }
  expect(await stores[1].getSigilRecord('sigil-memory', 'm')).toEqual(now)
  await one.note('sigil-memory', [{ ...now, decay: 0.5 }])
  expect(await stores[1].getSigilRecord('sigil-memory', 'm')).toEqual({ ...now, decay: 0.5 })
  expect(await one.release('sigil-memory', [now])).toEqual(new Set(['m']))
  expect(await one.access('sigil-memory', 'm', MEMORY, 1)).toBeUndefined()
  expect(await stores[1].countSigilRecords()).toBe(0)
})

test('changes are told of once they are committed, however long that takes', async () => {
  const [one] = uses(60_000)
  await one.begin()
  const { Client } = require('pg')
  const { url } = require('./support.js')
  const slow = new Client({ connectionString: url })
  await slow.connect()
  await slow.query('BEGIN')
  await slow.query(`INSERT INTO ${schema}.tenant_sigil_auth
    (tenant_id, sigil_symbol, auth_hash, record) VALUES ('', 'sigil-memory', 'slow', '{"id": "slow"}')`)
  await stores[1].setSigilRecord('sigil-memory', 'quick', { id: 'quick' })
  await stores[1].setSigilRecord('another-symbol', 'x', { id: 'x' })
  await stores[1].setSigilRecord('tenant', 'sigil-memory', 'x', { id: 'x' })
  const heard = async () => {
    const ids = []
    await one.changes({ written: ({ id }) => ids.push(id), released: (id) => ids.push(`no ${id}`) })
    return ids
  }
  expect(await heard()).toEqual(['quick'])
  await slow.query('COMMIT')
  await slow.end()
  expect((await heard()).sort()).toEqual(['quick', 'slow'])
  expect(await heard()).toEqual([])
  await one.lease.hold()
  await one.release('sigil-memory', [{ id: 'quick', lastAccessed: 0, accessCount: 0 }])
  expect(await heard()).toEqual(['no quick'])
  expect(await heard()).toEqual([])
})
