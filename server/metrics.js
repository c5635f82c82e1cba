// The service's own numbers, in the text form that Prometheus scrapes.

class ServiceMetrics {
  #requests = new Map()
  #catalog

  constructor(catalog) {
    this.#catalog = catalog
  }

  /** Counts a request by its route, never by its address, which clients choose. */
  countRequest({ method, route, status }) {
    const labels = `method="${method}",route="${route}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
  }

  text() {
    const lines = [
      '# HELP sigil_registry_size Sigils that were minted and are in the store.',
      '# TYPE sigil_registry_size gauge',
      `sigil_registry_size ${this.#catalog.total}`,
      '# HELP sigil_http_requests_total Requests that were answered.',
      '# TYPE sigil_http_requests_total counter',
      ...[...this.#requests].map(([labels, n]) => `sigil_http_requests_total{${labels}} ${n}`),
    ]
    return `${lines.join('\n')}\n`
  }
}

module.exports = { ServiceMetrics }
