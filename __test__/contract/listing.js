// Listings: in key order, page by page without loss or repetition, filtered by equality.

/** @param {{ store: any }} context */
function listing(context) {
  describe('listings', () => {
    const symbolsOf = (records) => records.map(({ sigilId }) => sigilId)

    async function fill(symbols, hashes = ['h']) {
      for (const symbol of symbols) {
        for (const hash of hashes) await context.store.setSigilRecord('t', symbol, hash, {})
      }
    }

    test('shared records come in the order of their keys, which is that of bytes', async () => {
      const { store } = context
      const names = ['b', 'a-1', 'a', 'é', 'Z', '\u{1f600}', '\uffee', 'a0']
      for (const name of names) await store.setSigilRecord(name, 'h', { name })
      const keys = names.map((name) => Buffer.from(`sigil:${name}:h`)).sort(Buffer.compare)
      const listed = (await store.allSigilRecords()).map(({ name }) => `sigil:${name}:h`)
      expect(listed).toEqual(keys.map(String))
    })

    test('a tenant’s records come in the order of their keys', async () => {
      const names = ['b', 'a-1', 'a', 'é', 'Z', '\u{1f600}', '\uffee', 'a0', 'a ']
      await fill(names)
      const keys = names.map((name) => Buffer.from(`${name}!h`)).sort(Buffer.compare)
      const listed = symbolsOf(await context.store.allSigilRecords('t'))
      expect(listed.map((name) => `${name}!h`)).toEqual(keys.map(String))
    })

    test('limit and cursor go through sigils in pages', async () => {
      const { store } = context
      await fill(['a', 'b', 'c', 'd', 'e'])
      expect(symbolsOf(await store.allSigilRecords('t', { limit: 2 }))).toEqual(['a', 'b'])
      const next = await store.allSigilRecords('t', { limit: 2, cursor: 'b' })
      expect(symbolsOf(next)).toEqual(['c', 'd'])
      expect(symbolsOf(await store.allSigilRecords('t', { limit: 2, cursor: 'd' }))).toEqual(['e'])
      expect(await store.allSigilRecords('t', { cursor: 'e' })).toEqual([])
      expect(await store.allSigilRecords('t', { limit: 0 })).toEqual([])
    })

    test('a cursor need not exist any more', async () => {
      await fill(['a', 'c'])
      expect(symbolsOf(await context.store.allSigilRecords('t', { cursor: 'b' }))).toEqual(['c'])
    })

    test('a cursor stands for all records of its sigil', async () => {
      await fill(['a', 'b'], ['1', '2', '3'])
      const rest = await context.store.allSigilRecords('t', { cursor: 'a' })
      expect(symbolsOf(rest)).toEqual(['b', 'b', 'b'])
    })

    test('the last record as cursor loses none of its sigil', async () => {
      await fill(['a', 'b!c', ''], ['1', '2!x', '3'])
      const pages = []
      let page = await context.store.allSigilRecords('t', { limit: 2 })
      while (page.length > 0 && pages.length < 9) {
        pages.push(...page)
        page = await context.store.allSigilRecords('t', { limit: 2, cursor: page.at(-1) })
      }
      expect(page).toEqual([])
      expect(pages).toEqual(await context.store.allSigilRecords('t'))
      expect(pages).toHaveLength(9)
    })

    test('pages by sigil alone end, and miss no sigil, whatever the names', async () => {
      const names = ['', 'a', 'a!', 'a%21', 'a%21:', 'a!b', '%', ':', ';!', ';%21:', '!']
      await fill(names)
      const seen = []
      let cursor
      for (let pages = 0; pages <= names.length; pages++) {
        const page = await context.store.allSigilRecords('t', { limit: 1, cursor })
        if (page.length === 0) break
        cursor = page[0].sigilId
        seen.push(cursor)
      }
      expect(seen.sort()).toEqual(names.sort())
    })

    test('a filter is equality on top-level fields', async () => {
      const { store } = context
      await store.setSigilRecord('t', 'a', 'h', { kind: 'x', n: 1, deep: { p: 1, q: [2] } })
      await store.setSigilRecord('t', 'b', 'h', { kind: 'y', n: '1', deep: { p: 1 } })
      await store.setSigilRecord('t', 'c', 'h', { kind: 'x', n: null })
      const found = async (filter) => symbolsOf(await store.allSigilRecords('t', { filter }))
      expect(await found({ kind: 'x' })).toEqual(['a', 'c'])
      expect(await found({ kind: 'x', n: 1 })).toEqual(['a'])
      expect(await found({ n: '1' })).toEqual(['b'])
      expect(await found({ n: null })).toEqual(['c'])
      expect(await found({ deep: { q: [2], p: 1 } })).toEqual(['a'])
      expect(await found({ absent: null })).toEqual([])
      expect(await found({ toString: null })).toEqual([])
      expect(await found(JSON.parse('{"__proto__":{}}'))).toEqual([])
      expect(await found({})).toEqual(['a', 'b', 'c'])
    })

    test('the limit counts what passes the filter', async () => {
      const { store } = context
      for (let n = 0; n < 10; n++) await store.setSigilRecord('t', `s${n}`, 'h', { odd: n % 2 })
      const options = { limit: 2, cursor: 's2', filter: { odd: 1 } }
      expect(symbolsOf(await store.allSigilRecords('t', options))).toEqual(['s3', 's5'])
      expect(await store.countSigilRecords('t', { filter: { odd: 1 } })).toBe(5)
    })

    test('records() gives the same one after another', async () => {
      const { store } = context
      await fill(['a', 'b', 'c'])
      await store.setSigilRecord('shared', 'h', { x: 1 })
      const seen = []
      for await (const record of store.records({ tenantId: 't', cursor: 'a' })) seen.push(record)
      expect(symbolsOf(seen)).toEqual(['b', 'c'])
      const shared = []
      for await (const record of store.records()) shared.push(record)
      expect(shared).toEqual([{ x: 1 }])
    })

    test('an iteration shows what was there when it began', async () => {
      const { store } = context
      await fill(['a', 'b', 'c'])
      const seen = []
      for await (const { sigilId } of store.records({ tenantId: 't' })) {
        seen.push(sigilId)
        await store.deleteSigilRecord('t', 'b', 'h')
        await store.setSigilRecord('t', 'd', 'h', {})
      }
      expect(seen).toEqual(['a', 'b', 'c'])
    })

    test('an iteration can be left, and is ended by its signal', async () => {
      const { store } = context
      await fill(['a', 'b', 'c'])
      for await (const { sigilId } of store.records({ tenantId: 't' })) {
        expect(sigilId).toBe('a')
        break
      }
      const controller = new AbortController()
      const iteration = store.records({ tenantId: 't', signal: controller.signal })
      await iteration.next()
      controller.abort()
      await expect(iteration.next()).rejects.toMatchObject({ code: 'ABORT_ERR' })
    })

    test('an iteration ends with the store, though there are records left in memory', async () => {
      const { store } = context
      await fill(['a', 'b', 'c'])
      const own = store.records({ tenantId: 't' })
      const other = store.records({ tenantId: 't' })
      await own.next()
      await other.next()
      await store.close()
      const notOpen = { code: 'LEVEL_DATABASE_NOT_OPEN', operation: 'records' }
      await expect(own.next()).rejects.toMatchObject(notOpen)
      // What was closed does not go on where it was, as it were, because it is open again.
      await store.open()
      await expect(other.next()).rejects.toMatchObject(notOpen)
      expect(await own.next()).toEqual({ done: true, value: undefined })
    })

    test('a store can be closed from within its iteration', async () => {
      const { store } = context
      await fill(['a', 'b', 'c'])
      const seen = []
      const iterate = async () => {
        for await (const { sigilId } of store.records({ tenantId: 't' })) {
          seen.push(sigilId)
          await store.close()
        }
      }
      await expect(iterate()).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN' })
      expect(seen).toEqual(['a'])
    })
  })
}

module.exports = { listing }
