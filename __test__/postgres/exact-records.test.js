// Records come back from PostgreSQL as they were, to the last character of their JSON text, though
// `jsonb` sorts members and refuses some text; and the column is what others can query.

const fc = require('fast-check')
const { freshSchema, freshStore, sql, storeOfEachTest } = require('./support.js')

const UNITS = ['\0', '\u001a', '\ud800', '\udc00', '\u{1f600}', '\uffff', 'é', 'a', 'b', '0', '"']
const text = fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 5 })
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.constantFrom(null, true, -0, 5e-324, 1.7976931348623157e308, 1e21, 2 ** 53, 0.1),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('record'),
  ),
  record: fc
    .uniqueArray(
      fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', 'toString', '10', '9')), tie('value')),
      { maxLength: 5, selector: ([name]) => name },
    )
    .map((members) => Object.fromEntries(members)),
}))

const own = storeOfEachTest()

test('any record has the text that it had', async () => {
  await fc.assert(
    fc.asyncProperty(value, async (any) => {
      const given = JSON.parse(JSON.stringify({ z: 1, any, a: 2 }))
      await own.store.setSigilRecord('s', 'h', given)
      expect(JSON.stringify(await own.store.getSigilRecord('s', 'h'))).toBe(JSON.stringify(given))
      const [listed] = await own.store.allSigilRecords()
      expect(JSON.stringify(listed)).toBe(JSON.stringify(given))
    }),
    { numRuns: process.env.SIGIL_LONG === '1' ? 5000 : 300 },
  )
})

test('a batch and many reads are as exact', async () => {
  const record = { zz: '\0\ud800', a: { c: 1, b: 2 } }
  const names = ['\0', '\u001a', '\u001a\u001a', '\u001a0000', 'x']
  await own.store.batch(
    names.map((authHash) => ({ type: 'put', tenantId: 't\0', sigilId: '\0', authHash, record })),
  )
  const found = await own.store.getMany([...names, 'none'].map((hash) => ['t\0', '\0', hash]))
  expect(found.pop()).toBeUndefined()
  found.forEach((one, at) => {
    expect(one).toMatchObject({ tenantId: 't\0', symbol: '\0', authHash: names[at] })
    expect(JSON.stringify(one)).toMatch(/^{"zz":"\\u0000\\ud800","a":{"c":1,"b":2},"tenantId"/)
  })
  expect(await own.store.countSigilRecords('t\0')).toBe(names.length)
})

test('the columns are those of the contract, and the record can be queried', async () => {
  await own.store.setSigilRecord('acme', '⟐', 'h', { kind: 'x', deep: { n: [1] } })
  await own.store.setSigilRecord('⟐', 'h', { kind: 'shared' })
  const rows = await sql(
    `SELECT tenant_id, sigil_symbol, auth_hash, record, updated_at FROM ${own.schema}.tenant_sigil_auth
     WHERE record @> '{"kind": "x"}'`,
  )
  expect(rows).toEqual([
    {
      tenant_id: 'acme',
      sigil_symbol: '⟐',
      auth_hash: 'h',
      record: await own.store.getSigilRecord('acme', '⟐', 'h'),
      updated_at: expect.any(Date),
    },
  ])
  expect(rows[0].updated_at.toISOString()).toBe(rows[0].record.updatedAt)
})

test('a table of before is taken as it is, and what others change is seen', async () => {
  const old = freshSchema()
  await sql(`CREATE SCHEMA ${old}`)
  await sql(`CREATE TABLE ${old}.tenant_sigil_auth (tenant_id text, sigil_symbol text,
    auth_hash text, record jsonb, updated_at timestamptz DEFAULT now(),
    PRIMARY KEY (tenant_id, sigil_symbol, auth_hash))`)
  const insert = `INSERT INTO ${old}.tenant_sigil_auth (tenant_id, sigil_symbol, auth_hash, record)`
  await sql(`${insert} VALUES ('acme', 's', 'h', '{"b": 1, "a": "\\u001a0041"}')`)
  const found = freshStore({ schema: old })
  expect(await found.getSigilRecord('acme', 's', 'h')).toEqual({ b: 1, a: '\u001a0041' })
  await found.setSigilRecord('acme', 's', 'h', { zz: 1, b: { d: 1, c: 2 }, gone: 3 })
  const change = `record = record - 'gone' || '{"new": [1], "b": {"e": 0, "d": 5}}'`
  await sql(`UPDATE ${old}.tenant_sigil_auth SET ${change}`)
  expect(await found.getSigilRecord('acme', 's', 'h')).toMatchObject({
    zz: 1,
    b: { e: 0, d: 5 },
    new: [1],
    authHash: 'h',
  })
  expect(await found.getSigilRecord('acme', 's', 'h')).not.toHaveProperty('gone')
  await sql(`${insert} VALUES ('acme', 't', 'h', '{"x": 1}')`)
  expect(await found.allSigilRecords('acme')).toHaveLength(2)
  await found.close()
})

test('what does not fit the database is refused in words', async () => {
  const long = Array.from({ length: 3000 }, (_, n) =>
    String.fromCodePoint(0x4e00 + ((n * 7919) % 20000)),
  ).join('')
  const call = own.store.setSigilRecord(long, 'h', {})
  await expect(call).rejects.toMatchObject({
    code: 'INVALID_PARAMETERS',
    operation: 'setSigilRecord',
  })
  for (const depth of [1000, 3000, 6000]) {
    const deep = JSON.parse(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)
    const written = own.store.setSigilRecord('deep', 'h', deep)
    const outcome = await written.then(
      async () =>
        JSON.stringify(await own.store.getSigilRecord('deep', 'h')) === JSON.stringify(deep),
      ({ code }) => code,
    )
    expect([true, 'INVALID_PARAMETERS']).toContain(outcome)
    if (depth === 1000) expect(outcome).toBe(true)
  }
})
