// Sigil records in a PostgreSQL database.
//
// What records are called and what they hold is as in every store; how rows hold it is in
// lib/postgres. A record is one row and a call one statement, so that a call is done whole or not
// at all, and what it has acknowledged is committed.

const { performance } = require('node:perf_hooks')
const { abortable } = require('./abortable.js')
const calls = require('./arguments.js')
const { clockOf } = require('./clock.js')
const { errorOf, handedOver } = require('./errors.js')
const { matcher } = require('./filter.js')
const { allOf, countOf, eachOf } = require('./listed-records.js')
const { seriesOf } = require('./metrics/instruments.js')
const { callNative } = require('./native.js')
const { checkOptions, givenOf } = require('./option-names.js')
const { toColumn } = require('./postgres/column-text.js')
const { checkDatabase, closed, Connections } = require('./postgres/connections.js')
const { conditionOf, listRecords } = require('./postgres/listing.js')
const { NameOrder } = require('./postgres/name-order.js')
const { fromColumns, toColumns } = require('./postgres/record-form.js')
const { SharedUse } = require('./postgres/shared-use.js')
const { ensureTables, tablesOf } = require('./postgres/tables.js')
const { sharedText, tenantText } = require('./record-text.js')
const { healthOf } = require('./store-health.js')

const CLASS = 'PostgresSigilAdapter'
const OPTIONS = ['schema', 'max', 'connectTimeout', 'queryTimeout', 'metricsLabels', 'now']

class PostgresSigilAdapter {
  #where
  #tables
  #now
  #numbers
  #order = new NameOrder()
  /** The connections while the store is open. */
  #connections
  /** Whether the tables are there; undefined before it is asked, and after asking has failed. */
  #ready
  #closing

  /**
   * Returns at once; connecting goes on in the background, and the first operation waits for it.
   *
   * @param {string | object} [database] a connection string, or a `Pool` of `pg`
   * @param {Record<string, any>} [options]
   */
  constructor(database = process.env.DATABASE_URL, options = {}) {
    checkOptions(CLASS, options, OPTIONS)
    const given = givenOf(options)
    const { schema, now, metricsLabels } = given
    this.#where = checkDatabase(CLASS, database, given)
    this.#tables = tablesOf(CLASS, schema)
    this.#now = clockOf(CLASS, now)
    this.#numbers = seriesOf(CLASS, metricsLabels)
    this.#connections = new Connections(CLASS, this.#where)
    // Who uses the store hears of a failure; until somebody does, it is no unhandled rejection.
    this.#begin('open', {}).catch(() => {})
  }

  /** Opens again what was closed; says whether the database can be used. */
  async open(options = {}) {
    const operation = 'open'
    const checked = calls.callOptions(operation, options)
    calls.throwIfAborted(operation, checked)
    await abortable(operation, checked, this.#closing ?? Promise.resolve())
    this.#connections ??= new Connections(operation, this.#where)
    await this.#begin(operation, checked)
  }

  /** Waits for what is under way. A pool that was given stays open. */
  async close(options = {}) {
    const operation = 'close'
    const checked = calls.callOptions(operation, options)
    calls.throwIfAborted(operation, checked)
    const connections = this.#connections
    if (connections !== undefined) {
      this.#connections = undefined
      this.#ready = undefined
      this.#closing = connections.end().finally(() => {
        this.#closing = undefined
      })
    }
    await abortable(operation, checked, this.#closing ?? Promise.resolve())
  }

  async setSigilRecord(...args) {
    const operation = 'setSigilRecord'
    const call = calls.setCall(args)
    const row = this.#rowOf(operation, call)
    await this.#write(operation, [call], call.options, (connections) =>
      connections.query(operation, this.#upsert('VALUES ($1, $2, $3, $4, $5, $6)'), [
        ...columnsOf(call),
        row.record,
        row.form,
        row.updatedAt,
      ]),
    )
  }

  async getSigilRecord(...args) {
    const operation = 'getSigilRecord'
    const call = calls.nameCall(operation, args)
    return this.#find(operation, call)
  }

  /** The records that many argument lists of `getSigilRecord` name, undefined where there is none. */
  async getMany(names, options) {
    const operation = 'getMany'
    const list = calls.manyCall(operation, names, options)
    const text = `SELECT record::text AS record, form
      FROM unnest($1::text[], $2::text[], $3::text[])
        WITH ORDINALITY AS wanted (tenant_id, sigil_symbol, auth_hash, place)
      LEFT JOIN ${this.#tables.records} USING (tenant_id, sigil_symbol, auth_hash) ORDER BY place`
    const checked = calls.callOptions(operation, options)
    const values = columnwise(list.map((call) => nameOf(operation, call)))
    const { rows } = await this.#read(operation, list, checked, text, values)
    return rows.map((row) => (row.record === null ? undefined : fromColumns(operation, row)))
  }

  async existsSigilRecord(...args) {
    const operation = 'existsSigilRecord'
    const call = calls.nameCall(operation, args)
    const text = `SELECT FROM ${this.#tables.records} WHERE ${THIS_ROW}`
    const name = nameOf(operation, call)
    return (await this.#read(operation, [call], call.options, text, name)).rows.length > 0
  }

  async deleteSigilRecord(...args) {
    const operation = 'deleteSigilRecord'
    const call = calls.nameCall(operation, args)
    const name = nameOf(operation, call)
    const text = `DELETE FROM ${this.#tables.records} WHERE ${THIS_ROW}`
    await this.#write(operation, [call], call.options, (connections) =>
      connections.query(operation, text, name),
    )
  }

  async allSigilRecords(...args) {
    return allOf(args, (operation, call) => this.#list(operation, call))
  }

  async countSigilRecords(...args) {
    return countOf(
      args,
      (operation, call) => this.#list(operation, call),
      (operation, call) => this.#count(operation, call),
    )
  }

  /** The records one after another, as they were when the iteration began. */
  records(...args) {
    return eachOf(
      args,
      (operation, call) => this.#list(operation, call),
      () => this.#connections,
    )
  }

  async batch(...args) {
    const operation = 'batch'
    const { entries, options } = calls.batchCall(args)
    // Of one name the last operation counts.
    const last = new Map(
      entries.map(({ type, call }) => {
        const row = type === 'put' ? this.#rowOf(operation, call) : undefined
        return [keyOf(operation, call), { name: columnsOf(call), row }]
      }),
    )
    const [puts, dels] = [[], []]
    for (const { name, row } of last.values()) {
      if (row === undefined) dels.push(name)
      else puts.push([...name, row.record, row.form, row.updatedAt])
    }
    const names = entries.map(({ call }) => call)
    await this.#write(operation, names, options, async (connections) => {
      if (last.size === 0) return
      const values = [...columnwise(dels, 3), ...columnwise(puts, 6)]
      await connections.query(operation, this.#batchText(), values)
    })
  }

  async getHealth(options = {}) {
    const details = { backend: 'postgres', open: this.#connections !== undefined }
    return healthOf(options, details, async (operation, checked) => {
      const started = performance.now()
      const connections = await this.#begin(operation, checked)
      await abortable(operation, checked, connections.query(operation, 'SELECT 1'))
      const milliseconds = performance.now() - started
      return { status: 'healthy', details: { milliseconds, ...connections.numbers } }
    })
  }

  /** What identities of several processes need to use the same memories: docs/identity.md. */
  sharedUse(name, holder, milliseconds) {
    const connect = (operation) => this.#begin(operation, {})
    return new SharedUse(connect, this.#tables, { name, holder, milliseconds })
  }

  /** The connections, once the tables are there. What failed is tried again by the next call. */
  async #begin(operation, options) {
    calls.throwIfAborted(operation, options)
    const connections = this.#connections
    if (connections === undefined) throw closed(operation)
    this.#ready ??= ensureTables(connections, this.#tables)
    const ready = this.#ready
    try {
      await abortable(operation, options, ready)
    } catch (error) {
      if (error.code === 'ABORT_ERR') throw error
      if (this.#ready === ready) this.#ready = undefined
      throw asked(operation, error)
    }
    if (this.#connections !== connections) throw closed(operation)
    return connections
  }

  async #write(operation, named, options, statement) {
    calls.throwIfAborted(operation, options)
    const since = performance.now()
    const names = named.map((call) => keyOf(operation, call))
    const written = this.#order.run(names, async () => statement(await this.#begin(operation, {})))
    await abortable(operation, options, written)
    this.#numbers.writes.waited(since)
  }

  async #read(operation, named, options, text, values) {
    calls.throwIfAborted(operation, options)
    const since = performance.now()
    const names = named.map((call) => keyOf(operation, call))
    const read = this.#order.run(names, async () =>
      (await this.#begin(operation, {})).query(operation, text, values),
    )
    const result = await abortable(operation, options, read)
    this.#numbers.reads.waited(since)
    return result
  }

  async #find(operation, call) {
    const text = `SELECT record::text AS record, form FROM ${this.#tables.records} WHERE ${THIS_ROW}`
    const name = nameOf(operation, call)
    const { rows } = await this.#read(operation, [call], call.options, text, name)
    return rows.length === 0 ? undefined : fromColumns(operation, rows[0])
  }

  async *#list(operation, call) {
    if (call.tenant !== undefined) keyOf(operation, { ...call, symbol: '', authHash: '' })
    const connections = await this.#begin(operation, call.options)
    yield* listRecords(connections, this.#tables.records, operation, call, matcher(call.filter))
  }

  async #count(operation, call) {
    const { where, values } = conditionOf(call)
    const text = `SELECT count(*)::text AS count FROM ${this.#tables.records} WHERE ${where}`
    const connections = await this.#begin(operation, call.options)
    const counting = connections.query(operation, text, values)
    const { rows } = await abortable(operation, call.options, counting)
    return Math.min(call.limit, Number(rows[0].count))
  }

  /** What a call stores beside the name. */
  #rowOf(operation, call) {
    keyOf(operation, call)
    const updatedAt = this.#now()
    const text =
      call.tenant === undefined
        ? sharedText(operation, call.record)
        : tenantText(operation, call.record, call, updatedAt)
    return { ...toColumns(operation, text), updatedAt }
  }

  #upsert(rows) {
    return `INSERT INTO ${this.#tables.records}
        (tenant_id, sigil_symbol, auth_hash, record, form, updated_at) ${rows}
      ON CONFLICT (tenant_id, sigil_symbol, auth_hash) DO UPDATE SET record = excluded.record,
        form = excluded.form, updated_at = excluded.updated_at, changed = pg_current_xact_id()`
  }

  #batchText() {
    const put = this.#upsert(`SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::jsonb[],
      $8::text[], $9::timestamptz[])`)
    return `WITH gone AS (
        DELETE FROM ${this.#tables.records}
        WHERE (tenant_id, sigil_symbol, auth_hash) IN
          (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
      ) ${put}`
  }
}

// Node 18 and some of 20 lack the symbol.
if (Symbol.asyncDispose) {
  Object.defineProperty(PostgresSigilAdapter.prototype, Symbol.asyncDispose, {
    value: PostgresSigilAdapter.prototype.close,
    configurable: true,
    writable: true,
  })
}

/** The failure of making the tables, as the error of the operation that needed them. */
function asked(operation, error) {
  if (error.operation === operation) return handedOver(error)
  const { code, message, transient } = error
  return errorOf(code, message, { cause: error, operation, transient })
}

const THIS_ROW = 'tenant_id = $1 AND sigil_symbol = $2 AND auth_hash = $3'

/** The key of the other stores. It names the record here too, and refuses what they refuse. */
function keyOf(operation, { tenant, symbol, authHash }) {
  return callNative(operation, (addon) =>
    tenant === undefined
      ? addon.sharedKey(symbol, authHash)
      : addon.tenantKey(tenant, symbol, authHash),
  )
}

function nameOf(operation, call) {
  keyOf(operation, call)
  return columnsOf(call)
}

/** No tenant is empty: those without one are the shared records. */
function columnsOf({ tenant = '', symbol, authHash }) {
  return [tenant, symbol, authHash].map(toColumn)
}

function columnwise(rows, width = 3) {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]))
}

module.exports = { PostgresSigilAdapter, POSTGRES_OPTIONS: OPTIONS }
