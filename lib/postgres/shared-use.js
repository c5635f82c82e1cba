// What identities of several processes need of a store to use the same memories: to hear what the
// others have written and released; to change a memory only if it is still there, or still as one
// knows it; and a lease, under which one of them sweeps. docs/identity.md says what they do with it.
//
// Whether a memory is as one knows it is told by the time and number of its accesses, which every
// use of it changes.
//
// What is new is found by transactions: each row has the number of the one that wrote it. All those
// below the oldest that is under way have ended, and are seen by whoever looks now; so next time
// it is enough to look from that one on.

const { sharedText } = require('../record-text.js')
const { fromColumn, toColumn } = require('./column-text.js')
const { Lease } = require('./lease.js')
const { rowsOf } = require('./listing.js')
const { fromColumns, toColumns } = require('./record-form.js')

const OPERATION = 'share'
const SYMBOLS = ['sigil-memory', 'sigil-crystal']
/** For how long it is remembered what was released. */
const REMEMBERED = '1 hour'
const NEW_ROW = `changed = pg_current_xact_id(), updated_at = now()`
const ACCESSED = `coalesce(one.record->>'lastAccessed', one.record->>'timestamp', '0')`
const COUNT = `coalesce(one.record->>'accessCount', '0')`

class SharedUse {
  #connect
  #tables
  #mark

  constructor(connect, tables, { name, holder, milliseconds }) {
    this.#connect = connect
    this.#tables = tables
    this.lease = new Lease(connect, tables.leases, { name, holder, milliseconds })
  }

  /** From here on `changes` tells what is new. */
  async begin() {
    this.#mark = await this.#now()
  }

  /** Calls with what was written and released since the last time, or a little before. */
  async changes({ written, released }) {
    const from = this.#mark
    const mark = await this.#now()
    const connections = await this.#connect(OPERATION)
    const text = `SELECT record::text AS record, form FROM ${this.#tables.records}
      WHERE tenant_id = '' AND changed >= $1::xid8 AND sigil_symbol = ANY ($2)`
    for await (const rows of rowsOf(connections, OPERATION, text, [from, SYMBOLS], {})) {
      for (const row of rows) written(fromColumns(OPERATION, row))
    }
    const gone = `SELECT id AS record FROM ${this.#tables.released} WHERE changed >= $1::xid8`
    for await (const rows of rowsOf(connections, OPERATION, gone, [from], {})) {
      for (const { record } of rows) released(fromColumn(record))
    }
    this.#mark = mark
  }

  /**
   * Stores a memory that was accessed so many times since it was stored, if it is still there. Gives
   * the number of all accesses, also those by others.
   *
   * @returns {Promise<number | undefined>} undefined where the memory is gone
   */
  async access(symbol, id, memory, times) {
    const { record, form } = toColumns(OPERATION, sharedText(OPERATION, memory))
    const { rows } = await this.#query(
      `UPDATE ${this.#tables.records} AS one SET form = $4, ${NEW_ROW}, record = jsonb_set(
         $3::jsonb, '{accessCount}', to_jsonb(CASE jsonb_typeof(one.record->'accessCount')
           WHEN 'number' THEN (one.record->>'accessCount')::numeric ELSE 0 END + $5))
       WHERE tenant_id = '' AND sigil_symbol = $1 AND auth_hash = $2
       RETURNING (record->>'accessCount')::float8 AS count`,
      [symbol, toColumn(id), record, form, times],
    )
    return rows[0]?.count
  }

  /** Stores memories that nobody has accessed since. */
  async note(symbol, memories) {
    const columns = memories.map((memory) => {
      const { record, form } = toColumns(OPERATION, sharedText(OPERATION, memory))
      return [...stateOf(memory), record, form]
    })
    await this.#query(
      `UPDATE ${this.#tables.records} AS one
       SET record = known.record, form = known.form, ${NEW_ROW}
       FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[])
         AS known (id, accessed, count, record, form)
       WHERE tenant_id = '' AND sigil_symbol = $1 AND auth_hash = known.id
         AND ${ACCESSED} = known.accessed AND ${COUNT} = known.count`,
      [symbol, ...[0, 1, 2, 3, 4].map((at) => columns.map((row) => row[at]))],
    )
  }

  /**
   * Deletes memories that nobody has accessed since, as long as the lease is one's own.
   *
   * @returns {Promise<Set<string>>} the ids of those that are gone
   */
  async release(symbol, memories) {
    const { text: held, values } = this.lease.condition(1)
    const columns = memories.map(stateOf)
    const { rows } = await this.#query(
      `WITH ${held}, forgotten AS (
         DELETE FROM ${this.#tables.released} WHERE released_at < now() - interval '${REMEMBERED}'
       ), gone AS (
         DELETE FROM ${this.#tables.records} AS one
         USING unnest($4::text[], $5::text[], $6::text[]) AS known (id, accessed, count)
         WHERE tenant_id = '' AND sigil_symbol = $3 AND auth_hash = known.id
           AND ${ACCESSED} = known.accessed AND ${COUNT} = known.count
           AND EXISTS (SELECT FROM held)
         RETURNING auth_hash
       ) INSERT INTO ${this.#tables.released} (id) SELECT auth_hash FROM gone RETURNING id`,
      [...values, symbol, ...[0, 1, 2].map((at) => columns.map((row) => row[at]))],
    )
    return new Set(rows.map(({ id }) => fromColumn(id)))
  }

  /** Stores a record as long as the lease is one's own. */
  async keep(symbol, id, value) {
    const { text: held, values } = this.lease.condition(1)
    const { record, form } = toColumns(OPERATION, sharedText(OPERATION, value))
    await this.#query(
      `WITH ${held} INSERT INTO ${this.#tables.records}
         (tenant_id, sigil_symbol, auth_hash, record, form)
       SELECT '', $3, $4, $5::jsonb, $6 FROM held
       ON CONFLICT (tenant_id, sigil_symbol, auth_hash)
       DO UPDATE SET record = excluded.record, form = excluded.form, ${NEW_ROW}`,
      [...values, symbol, toColumn(id), record, form],
    )
  }

  async #now() {
    const { rows } = await this.#query(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS mark',
      [],
    )
    return rows[0].mark
  }

  async #query(text, values) {
    return (await this.#connect(OPERATION)).query(OPERATION, text, values)
  }
}

/** What tells whether a memory is still as it was. */
function stateOf({ id, lastAccessed, accessCount }) {
  return [toColumn(id), String(lastAccessed), String(accessCount)]
}

module.exports = { SharedUse }
