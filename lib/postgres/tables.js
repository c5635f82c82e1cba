// The tables of sigil records in PostgreSQL. docs/format/postgres.md says what is in them.
//
// They are made when they are first needed and missing, once, whoever else may be doing the same:
// under a lock of the database, in one transaction. Where nothing is missing nothing is asked for
// but reading the catalogue, so the role need not be allowed to make tables.

const { InvalidParametersError } = require('../errors.js')

/** The number of the lock; any that others are unlikely to use. */
const LOCK = 7_316_205_948
const LONGEST_NAME = 63

/**
 * @param {string} operation what the caller had asked for, for the error
 * @param {string | undefined} schema where the tables are; by default, where the role looks first
 */
function tablesOf(operation, schema) {
  if (schema !== undefined && !isName(schema)) {
    throw new InvalidParametersError(`schema is a name of 1 to ${LONGEST_NAME} bytes`, {
      operation,
    })
  }
  const prefix = schema === undefined ? '' : `${quoted(schema)}.`
  return {
    schema,
    records: `${prefix}tenant_sigil_auth`,
    leases: `${prefix}sigil_lease`,
    released: `${prefix}sigil_released`,
  }
}

/** Makes what is missing. */
async function ensureTables(connections, tables) {
  const operation = 'open'
  const names = [tables.records, tables.leases, tables.released]
  const { rows } = await connections.query(
    operation,
    `SELECT bool_and(to_regclass(name) IS NOT NULL) AND
       (SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = to_regclass($2)
         AND attname IN ('form', 'changed') AND NOT attisdropped) AS there,
       to_regnamespace($3) IS NOT NULL AS has_schema
     FROM unnest($1::text[]) AS name`,
    [names, tables.records, tables.schema === undefined ? null : quoted(tables.schema)],
  )
  const [{ there, has_schema: hasSchema }] = rows
  if (there === true) return
  // Making a schema takes a right that using one does not, even where there is nothing to make.
  const text = definitions({ ...tables, schema: hasSchema ? undefined : tables.schema })
  await connections.query(operation, text)
}

/** Several statements at once are one transaction. */
function definitions({ schema, records, leases, released }) {
  return `
    SELECT pg_advisory_xact_lock(${LOCK});
    ${schema === undefined ? '' : `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)};`}
    CREATE TABLE IF NOT EXISTS ${records} (
      tenant_id text NOT NULL,
      sigil_symbol text NOT NULL,
      auth_hash text NOT NULL,
      record jsonb NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, sigil_symbol, auth_hash)
    );
    ALTER TABLE ${records} ADD COLUMN IF NOT EXISTS form text;
    ALTER TABLE ${records} ADD COLUMN IF NOT EXISTS changed xid8;
    ALTER TABLE ${records} ALTER COLUMN changed SET DEFAULT pg_current_xact_id();
    CREATE INDEX IF NOT EXISTS tenant_sigil_auth_in_order
      ON ${records} (tenant_id, (${ORDER_OF_SYMBOL}), (${ORDER_OF_HASH}));
    CREATE INDEX IF NOT EXISTS tenant_sigil_auth_changed
      ON ${records} (changed) WHERE tenant_id = '';
    CREATE TABLE IF NOT EXISTS ${leases} (
      name text PRIMARY KEY,
      holder text NOT NULL,
      expires timestamptz NOT NULL
    );
    CREATE TABLE IF NOT EXISTS ${released} (
      id text NOT NULL,
      changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
      released_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS sigil_released_changed ON ${released} (changed);
    CREATE INDEX IF NOT EXISTS sigil_released_at ON ${released} (released_at);`
}

// The order of keys in the other stores: by symbol with what follows it there, then by hash.
const ORDER_OF_SYMBOL = `(sigil_symbol || CASE tenant_id WHEN '' THEN ':' ELSE '!' END) COLLATE "C"`
const ORDER_OF_HASH = 'auth_hash COLLATE "C"'

function isName(schema) {
  if (typeof schema !== 'string' || schema === '' || schema.includes('\0')) return false
  return Buffer.byteLength(schema) <= LONGEST_NAME
}

function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`
}

module.exports = { ensureTables, ORDER_OF_HASH, ORDER_OF_SYMBOL, tablesOf }
