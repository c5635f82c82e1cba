// What a database has given out and closes when it is closed itself: iterators, snapshots and
// batches. abstract-level holds them until then, so one that its user has forgotten would stay for
// as long as the database is open. Here they are held weakly: what nobody can use any more is
// collected, with all that the addon holds for it.

class WeakResources {
  #references = new WeakMap()
  #held = new Set()
  #collected = new FinalizationRegistry((reference) => this.#held.delete(reference))

  attach(resource) {
    const reference = new WeakRef(resource)
    this.#references.set(resource, reference)
    this.#held.add(reference)
    this.#collected.register(resource, reference, reference)
  }

  /** Says whether it was one of these. */
  detach(resource) {
    const reference = this.#references.get(resource)
    if (reference === undefined) return false
    this.#references.delete(resource)
    this.#held.delete(reference)
    this.#collected.unregister(reference)
    return true
  }

  /** Closes those that somebody still has. */
  async close() {
    const left = Array.from(this.#held, (reference) => reference.deref()?.close())
    const failures = (await Promise.allSettled(left)).filter(({ status }) => status === 'rejected')
    if (failures.length === 1) throw failures[0].reason
    if (failures.length > 1) throw new AggregateError(failures.map(({ reason }) => reason))
  }
}

module.exports = { WeakResources }
