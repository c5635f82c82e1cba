// The memory store keeps the contract that every store keeps.

const { InMemoryStorageDriver } = require('sigil-vault')
const { contractSuite } = require('./contract/suite.js')

contractSuite('InMemoryStorageDriver', { create: () => new InMemoryStorageDriver() })

test('the time of a write is the clock’s', async () => {
  const store = new InMemoryStorageDriver({ now: () => new Date(0) })
  await store.setSigilRecord('t', 's', 'h', {})
  expect(await store.getSigilRecord('t', 's', 'h')).toMatchObject({
    updatedAt: '1970-01-01T00:00:00.000Z',
  })
})
