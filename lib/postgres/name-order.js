// Calls on one record take place in the order in which they were made, though each may have a
// connection of its own. A call waits for those before it that have a name in common with it.

class NameOrder {
  /** @type {Map<string, Promise<unknown>>} the last call that was made of each name */
  #last = new Map()

  /**
   * @template T
   * @param {string[]} names
   * @param {() => Promise<T>} call
   * @returns {Promise<T>}
   */
  run(names, call) {
    const before = names.flatMap((name) => this.#last.get(name) ?? [])
    const result = before.length === 0 ? call() : Promise.allSettled(before).then(call)
    for (const name of names) this.#last.set(name, result)
    const done = () => {
      for (const name of names) {
        if (this.#last.get(name) === result) this.#last.delete(name)
      }
    }
    result.then(done, done)
    return result
  }
}

module.exports = { NameOrder }
