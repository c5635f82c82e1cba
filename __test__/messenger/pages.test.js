// Paging through messages, and the limits and beginnings that a caller can give.

const { cleanUp, openStore } = require('./helpers.js')

afterEach(cleanUp)

const ids = (messages) => messages.map(({ id }) => id)

async function filled() {
  const store = await openStore()
  await Promise.all(
    Array.from({ length: 250 }, (_, n) =>
      store.saveMessage({ id: `${n}`, sender: 'a', recipient: `p${n % 2}`, timestamp: n >> 1 }),
    ),
  )
  return store
}

test('every message comes once, page by page, while others come and go', async () => {
  const store = await filled()
  const seen = []
  let before
  do {
    const page = await store.getRecentMessages(40, { before })
    seen.push(...ids(page))
    before = page.cursor
    await store.deleteMessage(page.at(-1).id)
    await store.saveMessage({ id: `new ${seen.length}`, timestamp: 1e9 })
  } while (before !== undefined)
  expect(seen).toEqual(Array.from({ length: 250 }, (_, n) => `${249 - n}`))
})

test('a misspelt option is refused instead of giving the first page for ever', async () => {
  const store = await openStore()
  const message = expect.stringContaining('did you mean')
  for (const call of [
    () => store.getRecentMessages(5, { befor: 1 }),
    () => store.getMessagesByPeer('p0', 5, { befor: 1 }),
    () => store.verifyBackup('x', { pasword: 'y' }),
    () => store.restore('x', { pasword: 'y' }),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'INVALID_PARAMETERS', message })
  }
})

test('a page is an array like any other', async () => {
  const store = await filled()
  const page = await store.getMessagesByPeer('p0', 2)
  expect(page).toEqual([
    { id: '248', sender: 'a', recipient: 'p0', timestamp: 124 },
    { id: '246', sender: 'a', recipient: 'p0', timestamp: 123 },
  ])
  expect(Object.keys(page)).toEqual(['0', '1'])
  expect((await store.getMessagesByPeer('p0', 1000)).cursor).toBeUndefined()
})

test('limits', async () => {
  const store = await filled()
  expect(await store.getRecentMessages()).toHaveLength(100)
  expect(await store.getMessagesByPeer('a')).toHaveLength(50)
  expect(await store.getMessagesByPeer('a', undefined)).toHaveLength(50)
  expect(await store.getRecentMessages(0)).toEqual([])
  expect(await store.getRecentMessages(Infinity)).toHaveLength(250)
  for (const limit of [-1, 1.5, Number.NaN, '5', null]) {
    await expect(store.getRecentMessages(limit)).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
    })
  }
})

test('a page begins behind an id, a message or a time', async () => {
  const store = await filled()
  const next = async (before) => ids(await store.getRecentMessages(2, { before }))
  expect(await next('100')).toEqual(['99', '98'])
  expect(await next(await store.getMessage('100'))).toEqual(['99', '98'])
  expect(await next(50)).toEqual(['99', '98'])
  expect(await next(new Date(50))).toEqual(['99', '98'])
  expect(await next(undefined)).toEqual(['249', '248'])
  await expect(next('none')).rejects.toMatchObject({ code: 'RECORD_NOT_FOUND', notFound: true })
  for (const before of [{}, Number.NaN, true]) {
    await expect(next(before)).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' })
  }
})

test('times of all kinds, and ids that are numbers', async () => {
  const store = await openStore()
  for (const [id, timestamp] of [
    ['number', 5],
    ['date', new Date(4)],
    ['big', 3n],
    ['text', '1970-01-01T00:00:00.002Z'],
    ['digits', '1.5'],
    ['zero', 0],
  ])
    await store.saveMessage({ id, timestamp })
  expect(ids(await store.getRecentMessages())).toEqual([
    'number',
    'date',
    'big',
    'text',
    'digits',
    'zero',
  ])
  await store.saveMessage({ id: 7, sender: 8 })
  expect(await store.getMessage('7')).toEqual({ id: 7, sender: 8 })
  expect(ids(await store.getMessagesByPeer('8'))).toEqual([7])
  await store.saveMessage({ id: 'now', timestamp: 'soon', sender: { not: 'an id' } })
  expect(ids(await store.getRecentMessages(1))).toEqual(['now'])
})

class Six {
  getTime() {
    return 6
  }
}

test('the places of times are those that docs/messages.md says', async () => {
  const store = await openStore()
  const ahead = Date.now() + 1e6
  const inOrder = [
    ['least', Number.NEGATIVE_INFINITY],
    ['negative', -5],
    ['zero', 0],
    ['fraction', 1.25],
    ['later fraction', 1.5],
    ['date', new Date(5)],
    ['anything with getTime', new Six()],
    ['big', 7n],
    ['spaces', ' 7.5 '],
    ['digits', '1999'],
    ['text', '1999-01-01'],
    // From here on, the moment of saving.
    ...[undefined, null, Number.NaN, new Date(Number.NaN), 'soon', ' ', true, {}, [5]].map(
      (timestamp, index) => [`now ${index}`, timestamp],
    ),
    ['ahead', ahead],
    ['far', 1e300],
    ['most', Number.POSITIVE_INFINITY],
  ]
  for (const [id, timestamp] of inOrder) await store.saveMessage({ id, timestamp })
  const newest = inOrder.map(([id]) => id).reverse()
  expect(ids(await store.getRecentMessages(Number.POSITIVE_INFINITY))).toEqual(newest)
  expect((await store.getMessage('most')).timestamp).toBeNull()
  expect(await store.getMessage('now 0')).toEqual({ id: 'now 0' })
  for (const before of [7, 7n, new Date(7)]) {
    expect(ids(await store.getRecentMessages(1, { before }))).toEqual(['anything with getTime'])
  }
  await store.saveMessage({ id: 'zero' })
  expect(ids(await store.getRecentMessages(4))).toEqual(['most', 'far', 'ahead', 'zero'])
  const missing = { code: 'RECORD_NOT_FOUND' }
  await expect(store.getRecentMessages(1, { before: '7' })).rejects.toMatchObject(missing)
})
