// A batch is done whole or not at all, and what is wrong with it is found before any of it is done.

/** @param {{ store: any }} context */
function batches(context) {
  describe('batches', () => {
    const put = (tenantId, sigilId, record = {}) => ({
      type: 'put',
      tenantId,
      sigilId,
      authHash: 'h',
      record,
    })
    const del = (tenantId, sigilId) => ({ type: 'del', tenantId, sigilId, authHash: 'h' })

    test('puts and deletes, for several tenants', async () => {
      const { store } = context
      await store.setSigilRecord('a', 'old', 'h', {})
      await store.batch([put('a', 'new', { x: 1 }), del('a', 'old'), put('b!', 'n!', { x: 2 })])
      expect(await store.allSigilRecords('a')).toMatchObject([{ x: 1, sigilId: 'new' }])
      expect(await store.allSigilRecords('b!')).toMatchObject([
        { x: 2, tenantId: 'b!', symbol: 'n!', sigilId: 'n!', authHash: 'h' },
      ])
    })

    test('of one name, the last operation counts', async () => {
      const { store } = context
      await store.batch([put('a', 's', { x: 1 }), del('a', 's'), put('a', 's', { x: 2 })])
      await store.batch([put('a', 'gone'), del('a', 'gone')])
      expect(await store.allSigilRecords('a')).toMatchObject([{ x: 2 }])
    })

    test('an empty batch is no error', async () => {
      await context.store.batch([])
    })

    const circle = {}
    circle.self = circle
    test.each([
      ['an unknown type', { ...put('a', 'bad'), type: 'upsert' }],
      ['no tenant', { type: 'put', sigilId: 's', authHash: 'h', record: {} }],
      ['no hash', { ...put('a', 'bad'), authHash: undefined }],
      ['no record', { ...put('a', 'bad'), record: undefined }],
      ['a record without JSON text', put('a', 'bad', circle)],
      ['a name without end', put('a', 'x'.repeat(1_000_000))],
      ['nothing', null],
    ])('with %s in it, nothing is done', async (_, wrong) => {
      const { store } = context
      await store.setSigilRecord('a', 'kept', 'h', {})
      const call = store.batch([put('a', 'first'), del('a', 'kept'), wrong])
      await expect(call).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_PARAMETERS|TENANT_ISOLATION_ERROR/),
      })
      expect((await store.allSigilRecords('a')).map(({ sigilId }) => sigilId)).toEqual(['kept'])
    })
  })
}

module.exports = { batches }
