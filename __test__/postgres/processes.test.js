// Several processes use the same memories, and those that sweep are killed: at any time at most one
// sweeps, somebody takes over when the lease of the dead one is over, and nothing is left undone.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')
const { freshSchema, freshStore, sql, url } = require('./support.js')

const PERIOD = 40
const LEASE = 2000
/** Beside the lease: a period until somebody asks, and what a loaded machine takes. Milliseconds. */
const SLACK = 3000

let schema
let processes

beforeEach(async () => {
  schema = freshSchema()
  processes = []
  const store = freshStore({ schema })
  await store.open()
  await store.close()
  // Every release is noted in the transaction that does it, with who did it.
  await sql(`CREATE TABLE ${schema}.log (
    number serial, name text, at timestamptz, held boolean)`)
  await sql(`CREATE FUNCTION ${schema}.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO ${schema}.log (name, at, held) SELECT current_setting('application_name'),
      clock_timestamp(), bool_or(expires > now()) FROM ${schema}.sigil_lease;
    RETURN NULL; END $$`)
  await sql(`CREATE TRIGGER note AFTER INSERT ON ${schema}.sigil_released
    FOR EACH ROW EXECUTE FUNCTION ${schema}.note()`)
})

afterEach(() => {
  for (const { child } of processes) child.kill('SIGKILL')
})

function begin(name, leaseDuration = LEASE) {
  const options = { url, schema, name, decayPeriod: PERIOD, leaseDuration }
  const file = join(__dirname, 'sweeping-process.js')
  const child = spawn(process.execPath, [file, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const one = { name, child, said: [], ended: once(child, 'exit') }
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop()
    one.said.push(...lines.map((line) => JSON.parse(line)))
  })
  processes.push(one)
  return one
}

const holds = ({ said }) => said.findLast(({ held }) => held !== undefined)?.held === true
const log = () => sql(`SELECT name, at, held FROM ${schema}.log ORDER BY number`)
const clock = () => Number(process.hrtime.bigint() / 1000n) / 1000

/** Waits until one of them says that it sweeps, and has released something. */
async function sweeper(alive) {
  for (;;) {
    const [one] = alive.filter(holds)
    if (one !== undefined && (await log()).at(-1)?.name === one.name) return one
    await delay(10)
  }
}

test('exactly one sweeps, whoever is killed', async () => {
  let alive = ['a', 'b', 'c', 'd'].map((name) => begin(name))
  const order = []
  while (alive.length > 1) {
    const one = await sweeper(alive)
    order.push(one.name)
    await delay(3 * PERIOD)
    expect(alive.filter(holds)).toEqual([one])
    const killed = clock()
    one.child.kill('SIGKILL')
    await one.ended
    alive = alive.filter((other) => other !== one)
    const next = await sweeper(alive)
    const { at } = next.said.findLast(({ held }) => held === true)
    expect(at - killed).toBeLessThan(LEASE + PERIOD + SLACK)
  }
  order.push((await sweeper(alive)).name)
  // Who was killed has swept before those who came after it, and nobody in between.
  const rows = await log()
  const turns = rows.map(({ name }) => name).filter((name, at, all) => name !== all[at - 1])
  expect(turns).toEqual(order)
  expect(rows.every(({ held }) => held)).toBe(true)

  // Nothing that was acknowledged is left: what the dead had encoded decays as well.
  const [last] = alive
  const ids = new Set(processes.flatMap(({ said }) => said.flatMap(({ id }) => id ?? [])))
  expect(ids.size).toBeGreaterThan(50)
  const others = processes.filter((one) => one !== last).flatMap(({ said }) => said)
  const orphans = others.flatMap(({ id }) => id ?? [])
  const left = async () =>
    sql(`SELECT FROM ${schema}.tenant_sigil_auth WHERE auth_hash = ANY ($1)`, [orphans])
  while ((await left()).length > 0) await delay(20)
  expect(processes.flatMap(({ said }) => said.filter(({ fault }) => fault))).toEqual([])
}, 120_000)

test('who stops in order is followed at once', async () => {
  const both = [begin('a', 60_000), begin('b', 60_000)]
  const one = await sweeper(both)
  const other = both.find((process) => process !== one)
  one.child.stdin.end()
  expect(await one.ended).toEqual([0, null])
  const stopped = clock()
  await sweeper([other])
  const { at } = other.said.findLast(({ held }) => held === true)
  expect(at - stopped).toBeLessThan(SLACK)
  other.child.stdin.end()
  expect(await other.ended).toEqual([0, null])
})
