// Guards the numbers: that real events feed every one of them, in our own text and in a host's
// prom-client alike, and that counting is exact where it says so. A full disk is full in
// full-disk.test.js.

const { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { Registry } = require('prom-client')
const { Level, LevelDBSigilAdapter, metrics, registerMetrics } = require('sigil-vault')
const { errorOf, uncounted } = require('../lib/errors.js')
const { BOUNDS, SampledHistogram } = require('../lib/metrics/sampled-histogram.js')

const scratch = mkdtempSync(join(tmpdir(), 'sigil-vault-metrics-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The value of a sample as it stands in our text. */
function sample(name) {
  const line = metrics()
    .split('\n')
    .find((text) => text.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

function handlesIn(directory) {
  return readdirSync('/proc/self/fd').filter((handle) => {
    try {
      return readlinkSync(`/proc/self/fd/${handle}`).startsWith(directory)
    } catch {
      return false
    }
  }).length
}

test('reads, writes and encodes are all counted, under the labels of the store', async () => {
  const labels = { store: 'counted "so"\n' }
  const store = new LevelDBSigilAdapter(join(scratch, 'counted'), { metricsLabels: labels })
  const encoded = sample('sigil_encode_total') ?? 0
  for (let n = 0; n < 200; n++) await store.setSigilRecord('s', `h${n}`, { n })
  await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      store.setSigilRecord('t', 's', `h${n}`, { n }, { durability: 'sync' }),
    ),
  )
  await store.deleteSigilRecord('s', 'h0')
  await store.batch([{ type: 'put', tenantId: 't', sigilId: 's', authHash: 'h', record: {} }])
  for (let n = 0; n < 100; n++) await store.getSigilRecord('s', `h${n}`)
  for (let n = 0; n < 10; n++) store.getSigilRecordSync('s', `h${n}`)
  await store.db.get('missing')
  await store.db.has('missing')
  store.db.getSync('missing')
  await store.db.getMany(['one', 'two', 'three'])
  await store.db.hasMany(['one', 'two'])
  await store.db.clear({ gte: 'x' })

  const own = '{store="counted \\"so\\"\\n"}'
  expect(sample(`sigil_storage_write_seconds_count${own}`)).toBe(253)
  expect(sample(`sigil_storage_read_seconds_count${own}`)).toBe(118)
  expect(sample('sigil_encode_total')).toBe(encoded + 251)
  expect(sample('sigil_encode_duration_seconds_count')).toBe(encoded + 251)
  const seconds = sample(`sigil_storage_write_seconds_sum${own}`)
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan(60)
  const infinite = own.replace('}', ',le="+Inf"}')
  expect(sample(`sigil_storage_write_seconds_bucket${infinite}`)).toBe(253)
  await store.close()
})

test('open files are those that the system knows of, each database once', async () => {
  const path = join(scratch, 'files')
  const options = { metricsLabels: { store: 'files' }, durability: 'sync' }
  const [one, other] = [
    new LevelDBSigilAdapter(path, options),
    new LevelDBSigilAdapter(path, options),
  ]
  await one.setSigilRecord('a', 'b', {})
  await other.compact()
  await other.getSigilRecord('a', 'b')
  const open = sample('leveldb_open_files{store="files"}')
  expect(open).toBeGreaterThan(2)
  if (process.platform === 'linux') expect(open).toBe(handlesIn(path))
  await one.close()
  expect(sample('leveldb_open_files{store="files"}')).toBe(open)
  await other.close()
  expect(sample('leveldb_open_files{store="files"}')).toBe(0)
})

test('errors are counted by code, once however often they are told', async () => {
  const path = join(scratch, 'errors')
  const store = new LevelDBSigilAdapter(path)
  await store.open()
  const before = (code) => sample(`sigil_error_total{code="${code}"}`) ?? 0
  const [invalid, isolation] = [before('INVALID_PARAMETERS'), before('TENANT_ISOLATION_ERROR')]
  await store.setSigilRecord('a').catch(() => {})
  await store.getSigilRecord('', 's', 'h').catch(() => {})
  expect(before('INVALID_PARAMETERS')).toBe(invalid + 1)
  expect(before('TENANT_ISOLATION_ERROR')).toBe(isolation + 1)
  const locked = before('LEVEL_LOCKED')
  const level = new Level(path, { lockTimeout: 200 })
  await level.open().catch(() => {})
  expect(before('LEVEL_LOCKED')).toBe(locked + 1)
  await store.close()
})

/** By how much what is done raises the count of a code. */
async function counted(code, body) {
  const count = () => sample(`sigil_error_total{code="${code}"}`) ?? 0
  const before = count()
  await body()
  return count() - before
}

const ignored = () => {}

test('operations that fail because an opening has are counted, each once', async () => {
  const path = join(scratch, 'damaged')
  const whole = new LevelDBSigilAdapter(path)
  await whole.setSigilRecord('a', 'b', {})
  await whole.close()
  writeFileSync(join(path, 'CURRENT'), 'nonsense')
  let store
  const opening = counted('LEVEL_CORRUPTION', async () => {
    store = new LevelDBSigilAdapter(path)
    // Its opening is what the first operation hears of.
    await store.getSigilRecord('a', 'b').catch(ignored)
  })
  expect(await opening).toBe(1)
  const failing = counted('LEVEL_CORRUPTION', async () => {
    await store.getSigilRecord('a', 'b').catch(ignored)
    await Promise.all([1, 2, 3].map((n) => store.setSigilRecord('a', `${n}`, {}).catch(ignored)))
    await store.records().next().catch(ignored)
    await store.open().catch(ignored)
    await store.getHealth()
  })
  expect(await failing).toBe(7)
  await store.close()
})

test('operations that try again to open are counted, each once', async () => {
  const path = join(scratch, 'held')
  const holder = new Level(path)
  await holder.open()
  const store = new LevelDBSigilAdapter(path)
  await store.open().catch(ignored)
  const failing = counted('LEVEL_LOCKED', async () => {
    for (let n = 0; n < 3; n++) await store.getSigilRecord('a', 'b').catch(ignored)
    await Promise.all([1, 2].map((n) => store.setSigilRecord('a', `${n}`, {}).catch(ignored)))
  })
  expect(await failing).toBe(5)
  await store.close()
  await holder.close()
})

test('operations that fail together are counted each; what only listeners hear of is not', async () => {
  const path = join(scratch, 'closed')
  const store = new LevelDBSigilAdapter(path)
  await store.close()
  const failing = counted('LEVEL_DATABASE_NOT_OPEN', () =>
    Promise.all(
      Array.from({ length: 20 }, (_, n) => store.setSigilRecord('a', `${n}`, {}).catch(ignored)),
    ),
  )
  expect(await failing).toBe(20)
  expect(await counted('EIO', async () => uncounted(() => errorOf('EIO', 'told')))).toBe(0)
  expect(await counted('EIO', async () => errorOf('EIO', 'failed'))).toBe(1)
})

test('a host that uses prom-client sees the same numbers, after one call', async () => {
  const registry = new Registry()
  registry.setDefaultLabels({ app: 'host' })
  registerMetrics(registry)
  registerMetrics(registry)
  const store = new LevelDBSigilAdapter(join(scratch, 'host'), { metricsLabels: { store: 'host' } })
  await store.setSigilRecord('a', 'b', {})
  const text = await registry.metrics()
  const withoutHost = text.replaceAll(',app="host"', '').replaceAll('{app="host"}', '')
  const lines = (all) => new Set(all.split('\n').filter((line) => line !== ''))
  expect(lines(withoutHost)).toEqual(lines(metrics()))
  expect(text).toContain('sigil_storage_write_seconds_count{store="host",app="host"} 1')
  const json = await registry.getMetricsAsJSON()
  // All of them from the beginning, whatever the process has done so far.
  expect(json.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'leveldb_open_files',
      'sigil_storage_write_seconds',
      'sigil_storage_read_seconds',
      'sigil_encode_total',
      'sigil_encode_duration_seconds',
      'sigil_error_total',
      'sigil_disk_full_error_total',
      'sigil_gc_sweep_total',
      'sigil_gc_sweep_duration_seconds',
      'sigil_registry_size',
    ]),
  )
  registry.clear()
  registerMetrics(registry)
  expect(await registry.getMetricsAsJSON()).toHaveLength(json.length)
  const open = new Registry(Registry.OPENMETRICS_CONTENT_TYPE)
  registerMetrics(open)
  expect(await open.metrics()).toMatch(/^sigil_encode_total \d+$/m)
  await store.close()
  expect(() => registerMetrics({})).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' }))
})

test('labels that Prometheus would refuse are refused', async () => {
  for (const metricsLabels of [{ 'a-b': 'x' }, { le: 'x' }, { a: {} }, 'text']) {
    const make = () => new LevelDBSigilAdapter(join(scratch, 'refused'), { metricsLabels })
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' }))
  }
})

test('a histogram counts every call, and those that wait by their own time', () => {
  const histogram = new SampledHistogram()
  for (let n = 0; n < 1000; n++) histogram.end(histogram.begin())
  histogram.begin()
  expect(histogram.read().count).toBe(1000)
  histogram.waited(performance.now() - 300, 5)
  const { upTo, count, sum } = histogram.read()
  expect(count).toBe(1005)
  expect(upTo[BOUNDS.indexOf(0.25)]).toBe(1000)
  expect(upTo[BOUNDS.indexOf(0.5)]).toBe(1005)
  expect(sum).toBeGreaterThan(1.5)
  expect(sum).toBeLessThan(2)
})
