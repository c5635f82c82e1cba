// A lease: of several processes one has it, until it gives it up or a time is over without it being
// renewed. The time is the database's. Who has it also knows by a clock of its own, which nobody can
// set, when it is over at the latest: counted from before the database was asked, it ends there
// first. So who hears nothing from the database stops by itself; and what is done under the lease
// asks the database for it in the same statement (`condition`), so that a statement which arrives
// late does nothing.

const { performance } = require('node:perf_hooks')

class Lease {
  #connect
  #table
  #name
  #holder
  #milliseconds
  /** By `performance.now()`. */
  #until = Number.NEGATIVE_INFINITY

  /**
   * @param {(operation: string) => Promise<any>} connect
   * @param {string} table
   * @param {{ name: string, holder: string, milliseconds: number }} what
   */
  constructor(connect, table, { name, holder, milliseconds }) {
    this.#connect = connect
    this.#table = table
    this.#name = name
    this.#holder = holder
    this.#milliseconds = milliseconds
  }

  get held() {
    return performance.now() < this.#until
  }

  /** Takes the lease if it is free, renews it if it is one's own. Says whether it is. */
  async hold() {
    const asked = performance.now()
    const connections = await this.#connect('lease')
    const { rows } = await connections.query(
      'lease',
      `INSERT INTO ${this.#table} AS lease (name, holder, expires)
         VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder,
         expires = clock_timestamp() + $3 * interval '1 millisecond'
       WHERE lease.holder = excluded.holder OR lease.expires <= clock_timestamp()
       RETURNING holder`,
      [this.#name, this.#holder, this.#milliseconds],
    )
    this.#until = rows.length > 0 ? asked + this.#milliseconds : Number.NEGATIVE_INFINITY
    return this.held
  }

  /** Renews a lease of which half is over. Says whether it is still one's own. */
  async renew() {
    const left = this.#until - performance.now()
    return left > this.#milliseconds / 2 ? true : left > 0 && this.hold()
  }

  async giveUp() {
    if (this.#until === Number.NEGATIVE_INFINITY) return
    this.#until = Number.NEGATIVE_INFINITY
    const connections = await this.#connect('lease')
    const text = `DELETE FROM ${this.#table} WHERE name = $1 AND holder = $2`
    await connections.query('lease', text, [this.#name, this.#holder])
  }

  /** A part of a statement, `held`, that has a row while the lease is one's own, and keeps it so. */
  condition(first) {
    const text = `held AS (SELECT FROM ${this.#table} WHERE name = $${first}
      AND holder = $${first + 1} AND expires > clock_timestamp() FOR SHARE)`
    return { text, values: [this.#name, this.#holder] }
  }
}

module.exports = { Lease }
