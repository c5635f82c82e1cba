// Guards against what callers' code does in the middle of a call: getters, `toJSON` and clocks run
// while a record is turned into text, and may use the very store that is to have it.

const { InMemoryStorageDriver, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()

const put = (sigilId, record) => ({ type: 'put', tenantId: 't', sigilId, authHash: 'h', record })

const WAYS = {
  get: (store) => store.getSigilRecord('t', 'there', 'h'),
  getSync: (store) => store.getSigilRecordSync('t', 'there', 'h'),
  list: (store) => store.allSigilRecords('t'),
  put: (store) => store.setSigilRecord('other', 's', 'h', { from: 'inside' }),
  batch: (store) => store.batch([{ ...put('s', { from: 'inside' }), tenantId: 'other' }]),
  close: (store) => store.close(),
}

describe.each(Object.keys(WAYS))('a record that calls %s while it is written', (way) => {
  test.each(['setSigilRecord', 'batch'])('%s keeps what it acknowledges', async (operation) => {
    const path = scratch(`${way}-${operation}`)
    const store = new LevelDBSigilAdapter(path, { durability: 'sync' })
    await store.setSigilRecord('t', 'there', 'h', {})
    let inside
    const record = {
      get n() {
        inside ??= WAYS[way](store)
        return 1
      },
      toJSON() {
        return { n: this.n }
      },
    }
    const written =
      operation === 'batch'
        ? store.batch([put('before', { n: 1 }), put('one', record), put('after', { n: 1 })])
        : store.setSigilRecord('t', 'one', 'h', record)
    const outcome = await written.then(
      () => 'acknowledged',
      ({ code }) => code,
    )
    await inside
    await store.close()
    const again = new LevelDBSigilAdapter(path)
    const found = (await again.allSigilRecords('t')).filter(({ n }) => n === 1)
    const whole = operation === 'batch' ? 3 : 1
    // Closed in the middle, it may be refused, but then nothing of it is there.
    expect([outcome, found.length]).toEqual(
      way === 'close' ? ['LEVEL_DATABASE_NOT_OPEN', 0] : ['acknowledged', whole],
    )
    await again.close()
  })
})

test('a batch that is refused leaves nothing, whatever its records did', async () => {
  let clock = () => new Date()
  const store = new LevelDBSigilAdapter(scratch('refused'), { now: () => clock() })
  await store.open()
  let inside
  clock = () => {
    clock = () => new Date()
    inside = store.batch([{ ...put('inner', { n: 1 }), tenantId: 'other' }])
    return new Date()
  }
  const refused = store.batch([put('first', { n: 1 }), put('second', { n: 1n })])
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' })
  await inside
  expect(await store.allSigilRecords('t')).toEqual([])
  expect(await store.allSigilRecords('other')).toHaveLength(1)
  await store.close()
})

test.each([
  ['LevelDBSigilAdapter', () => new LevelDBSigilAdapter(scratch('changed'))],
  ['InMemoryStorageDriver', () => new InMemoryStorageDriver()],
])('%s has a record as it was when the call was made, also before it is open', async (_, open) => {
  const store = open()
  const record = { n: 1 }
  const set = store.setSigilRecord('t', 'one', 'h', record)
  const batch = store.batch([put('two', record)])
  record.n = 2
  await Promise.all([set, batch])
  const found = await store.allSigilRecords('t')
  expect(found.map(({ n }) => n)).toEqual([1, 1])
  await store.close()
})

describe.each([
  ['LevelDBSigilAdapter', () => new LevelDBSigilAdapter(scratch('stopped'))],
  ['InMemoryStorageDriver', () => new InMemoryStorageDriver()],
])('%s is stopped by what a record does', (_, make) => {
  const writes = {
    setSigilRecord: (store, record, options) =>
      store.setSigilRecord('t', 's', 'h', record, options),
    batch: (store, record, options) => store.batch([put('first', {}), put('s', record)], options),
  }
  const cases = Object.keys(writes).flatMap((write) => [
    [write, 'closes the store', 'LEVEL_DATABASE_NOT_OPEN'],
    [write, 'aborts the call', 'ABORT_ERR'],
    [write, 'has no JSON text, of a closed store', 'INVALID_PARAMETERS'],
  ])
  test.each(cases)('%s of a record that %s', async (write, _does, code) => {
    const store = make()
    await store.open()
    const controller = new AbortController()
    let closed
    if (code === 'INVALID_PARAMETERS') await store.close()
    const record = {
      get n() {
        if (code === 'ABORT_ERR') controller.abort()
        else closed ??= store.close()
        return code === 'INVALID_PARAMETERS' ? 1n : 1
      },
    }
    const written = writes[write](store, record, { signal: controller.signal })
    await expect(written).rejects.toMatchObject({ code })
    await closed
    await store.open()
    expect(await store.countSigilRecords('t')).toBe(0)
    await store.close()
  })
})
