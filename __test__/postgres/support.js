// What tests with a PostgreSQL server need: stores that share it without meeting, each in a schema
// of its own.

const { randomUUID } = require('node:crypto')
const { Pool } = require('pg')
const { PostgresSigilAdapter } = require('sigil-vault')

const url = process.env.SIGIL_TEST_POSTGRES

function freshSchema() {
  return `test_${randomUUID().replaceAll('-', '')}`
}

function freshStore(options = {}) {
  return new PostgresSigilAdapter(url, { schema: freshSchema(), max: 4, ...options })
}

/** A store for each test of a file, in a schema of its own. */
function storeOfEachTest() {
  const own = {}
  beforeEach(() => {
    own.schema = freshSchema()
    own.store = freshStore({ schema: own.schema })
  })
  afterEach(() => own.store.close())
  return own
}

/** Gives a statement to the server, around all stores. */
async function sql(text, values) {
  const pool = new Pool({ connectionString: url })
  try {
    return (await pool.query(text, values)).rows
  } finally {
    await pool.end()
  }
}

module.exports = { freshSchema, freshStore, sql, storeOfEachTest, url }
