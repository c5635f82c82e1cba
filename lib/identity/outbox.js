// What an identity still has to tell its store.
//
// For each record there is one wish, the newest: that it be as it is now, or be gone. One operation
// of a record is under way at a time, so operations on it happen in the order of the wishes; of
// wishes that had to wait the newest alone is carried out. One that fails stays a wish, until
// somebody has the outbox try again.

/** @typedef {{ error: unknown } | undefined} Refusal */

class Outbox {
  #put
  #del
  #failed
  /** @type {Map<string, { wish: 'put' | 'del' | undefined, busy: Promise<Refusal> | undefined }>} */
  #records = new Map()
  #retrying = new Set()

  /**
   * @param {object} how
   * @param {(name: string) => Promise<void>} how.put stores a record as it is now
   * @param {(name: string) => Promise<void>} how.del
   * @param {(error: unknown) => void} how.failed
   */
  constructor({ put, del, failed }) {
    this.#put = put
    this.#del = del
    this.#failed = failed
  }

  /** Records for which there is a wish that failed. */
  get failures() {
    return this.#retrying.size
  }

  /** Never rejects: what the store has refused is given, for those who have to say so. */
  put(name) {
    return this.#wish(name, 'put')
  }

  /** Never rejects either. */
  del(name) {
    return this.#wish(name, 'del')
  }

  /** Tries again what failed. */
  async retry() {
    const names = [...this.#retrying]
    this.#retrying.clear()
    await Promise.all(names.map((name) => this.#wish(name, this.#records.get(name).wish)))
  }

  /** Waits until nothing is under way. */
  async settled() {
    for (;;) {
      const busy = [...this.#records.values()].flatMap(({ busy }) => busy ?? [])
      if (busy.length === 0) return
      await Promise.all(busy)
    }
  }

  /** Ends when the record's wishes are carried out, or one has failed. */
  #wish(name, wish) {
    const record = this.#records.get(name) ?? { wish: undefined, busy: undefined }
    this.#records.set(name, record)
    record.wish = wish
    this.#retrying.delete(name)
    record.busy ??= this.#work(name, record)
    return record.busy
  }

  /** Where a store throws at once it rejects, so that what follows comes after the promise is noted. */
  async #carryOut(wish, name) {
    await (wish === 'put' ? this.#put(name) : this.#del(name))
  }

  async #work(name, record) {
    while (record.wish !== undefined) {
      const wish = record.wish
      record.wish = undefined
      try {
        await this.#carryOut(wish, name)
      } catch (error) {
        record.wish ??= wish
        record.busy = undefined
        this.#retrying.add(name)
        this.#failed(error)
        return { error }
      }
    }
    this.#records.delete(name)
    return undefined
  }
}

module.exports = { Outbox }
