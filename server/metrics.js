// The service's numbers, in the text form that Prometheus scrapes: those of the process, which are
// the package's, and beside them the answers that it gave.

const { feed, metrics } = require('../lib/metrics/index.js')

class ServiceMetrics {
  #requests = new Map()

  constructor(catalog) {
    feed({
      name: 'sigil_registry_size',
      values: () => [{ labels: {}, value: catalog.total }],
    })
  }

  /** Counts a request by its route, never by its address, which clients choose. */
  countRequest({ method, route, status }) {
    const labels = `method="${method}",route="${route}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
  }

  text() {
    const lines = [
      '# HELP sigil_http_requests_total Requests that were answered.',
      '# TYPE sigil_http_requests_total counter',
      ...[...this.#requests].map(([labels, n]) => `sigil_http_requests_total{${labels}} ${n}`),
    ]
    return `${metrics()}${lines.join('\n')}\n`
  }
}

module.exports = { ServiceMetrics }
