// Random histories against the simplest store there is, a map from tuples to JSON texts. Names are
// made of what the key scheme uses itself, so that tuples that look alike are common.

const fc = require('fast-check')

const unit = fc.constantFrom('!', ':', '%', '%21', 'sigil', 'sigil:', 'a', ' ', '⟐', '\u{1f600}')
const part = fc.string({ unit, maxLength: 3 })
const tenant = fc.option(fc.string({ unit, minLength: 1, maxLength: 3 }), { nil: undefined })
const name = fc.tuple(tenant, part, part)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set'), name, value: fc.jsonValue() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('get'), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('list'), name }) },
)

const long = process.env.SIGIL_LONG === '1'

/** @param {{ create: () => any }} context */
function model(context) {
  test(
    'any history ends as it would in a map of tuples',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const store = await context.create()
          const expected = new Map()
          try {
            for (const one of steps) await follow(store, expected, one)
            for (const [tuple, value] of expected) {
              expect(await get(store, tuple)).toEqual(value)
            }
          } finally {
            await store.close()
          }
        }),
        { numRuns: long ? 5000 : 100 },
      )
      // A hundred stores with a server each take their time on a busy machine.
    },
    long ? 600_000 : 120_000,
  )
}

async function follow(store, expected, { do: what, name: [owner, symbol, authHash], value }) {
  const args = owner === undefined ? [symbol, authHash] : [owner, symbol, authHash]
  const tuple = JSON.stringify(args)
  if (what === 'set') {
    await store.setSigilRecord(...args, { value })
    expected.set(tuple, JSON.parse(JSON.stringify({ value })).value)
  } else if (what === 'delete') {
    await store.deleteSigilRecord(...args)
    expected.delete(tuple)
  } else if (what === 'get') {
    expect(await get(store, tuple)).toEqual(expected.get(tuple))
  } else {
    const own = [...expected].filter(([key]) => isOwn(JSON.parse(key), owner))
    const listed = await store.allSigilRecords(...(owner === undefined ? [] : [owner]))
    const values = (list) => list.map((each) => JSON.stringify(each)).sort()
    expect(values(listed.map((record) => record.value))).toEqual(
      values(own.map(([, kept]) => kept)),
    )
  }
}

function isOwn(args, owner) {
  return owner === undefined ? args.length === 2 : args.length === 3 && args[0] === owner
}

async function get(store, tuple) {
  return (await store.getSigilRecord(...JSON.parse(tuple)))?.value
}

module.exports = { model }
