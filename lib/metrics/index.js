// The numbers of this process, as Prometheus reads them and as a host's prom-client does. All names
// are there from the beginning.

const { InvalidParametersError, errorCounts } = require('../errors.js')
const { encodes, openFiles, series } = require('./instruments.js')
const { BOUNDS } = require('./sampled-histogram.js')

const everySeries = (read) => [...series.values()].map(read)

/** @type {{ name: string, type: string, help: string, values: () => object[] }[]} */
const METRICS = [
  {
    name: 'leveldb_open_files',
    type: 'gauge',
    help: 'File handles that the engine holds.',
    values: () => everySeries((one) => ({ labels: one.labels, value: openFiles(one) })),
  },
  {
    name: 'sigil_storage_write_seconds',
    type: 'histogram',
    help: 'Writes, from the call until they were acknowledged.',
    values: () => everySeries(({ labels, writes }) => ({ labels, histogram: writes.read() })),
  },
  {
    name: 'sigil_storage_read_seconds',
    type: 'histogram',
    help: 'Reads of one key.',
    values: () => everySeries(({ labels, reads }) => ({ labels, histogram: reads.read() })),
  },
  {
    name: 'sigil_encode_total',
    type: 'counter',
    help: 'Records that were turned into the text that is stored.',
    values: () => [{ labels: {}, value: encodes.read().count }],
  },
  {
    name: 'sigil_encode_duration_seconds',
    type: 'histogram',
    help: 'Turning records into the text that is stored.',
    values: () => [{ labels: {}, histogram: encodes.read() }],
  },
  {
    name: 'sigil_error_total',
    type: 'counter',
    help: 'Errors of this package, by their code.',
    values: () => [...errorCounts].map(([code, value]) => ({ labels: { code }, value })),
  },
  {
    name: 'sigil_disk_full_error_total',
    type: 'counter',
    help: 'Operations that failed because the disk is full.',
    values: () => [{ labels: {}, value: errorCounts.get('ENOSPC') ?? 0 }],
  },
  {
    name: 'sigil_registry_size',
    type: 'gauge',
    help: 'Sigils that were minted and are in the store.',
    values: () => [{ labels: {}, value: 0 }],
  },
]

/** What was given to registries of hosts, which may forget it. */
const given = new WeakSet()

/** Adds a number; one that is known gets other values. */
function feed({ name, type, help, values }) {
  const known = METRICS.find((metric) => metric.name === name)
  if (known) known.values = values
  else METRICS.push({ name, type, help, values })
}

/** All numbers in the text form of Prometheus. */
function metrics() {
  return METRICS.map((metric) => {
    const { name, type, help } = metric
    const lines = samples(metric, name).map(
      (sample) => `${sample.metricName}${labelText(sample.labels)} ${sample.value}\n`,
    )
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
  }).join('')
}

/** Puts the numbers into a registry of prom-client, where they are read whenever it is. */
function registerMetrics(registry) {
  const needed = ['registerMetric', 'getSingleMetric']
  if (!needed.every((name) => typeof registry?.[name] === 'function')) {
    const operation = 'registerMetrics'
    const message = `${operation} takes a registry of prom-client`
    throw new InvalidParametersError(message, { operation })
  }
  for (const metric of METRICS) {
    if (given.has(registry.getSingleMetric(metric.name))) continue
    const shown = asPromClient(metric)
    registry.registerMetric(shown)
    given.add(shown)
  }
}

/** What prom-client asks of a metric. It may change the name. */
function asPromClient(metric) {
  const { name, type, help } = metric
  return {
    ...{ name, type, help, aggregator: 'sum' },
    async get() {
      return { name: this.name, type, help, aggregator: 'sum', values: samples(metric, this.name) }
    },
    // The numbers are those of the process, also for others who read them.
    reset() {},
  }
}

function samples({ values }, name) {
  return values().flatMap(({ labels, value, histogram }) =>
    histogram ? buckets(name, labels, histogram) : [{ metricName: name, labels, value }],
  )
}

function buckets(name, labels, { upTo, count, sum }) {
  const bounds = [...BOUNDS, '+Inf']
  return [
    ...bounds.map((le, at) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: String(le) },
      value: upTo[at],
    })),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

function labelText(labels) {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeLabel(value) {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

module.exports = { feed, metrics, registerMetrics }
