// Opening, closing and health: a closed store says so, and asking how it is never fails.

/** @param {{ store: any }} context */
function health(context) {
  describe('life', () => {
    test('a store is healthy, and asking leaves nothing behind', async () => {
      const { store } = context
      expect(await store.getHealth()).toMatchObject({
        status: 'healthy',
        details: expect.any(Object),
      })
      expect(await store.allSigilRecords()).toEqual([])
    })

    test('asking how it is can be given up, and never fails', async () => {
      const { store } = context
      const answers = async (options) => (await store.getHealth(options)).details.code
      expect(await answers({ signal: AbortSignal.timeout(60_000) })).toBeUndefined()
      expect(await answers({ signal: AbortSignal.abort() })).toBe('ABORT_ERR')
      for (const wrong of [5, [], { signal: 5 }, { sgnal: AbortSignal.abort() }]) {
        expect(await answers(wrong)).toBe('INVALID_PARAMETERS')
      }
      await store.close()
      expect((await store.getHealth({ signal: AbortSignal.abort() })).status).toBe('unhealthy')
    })

    test('open on an open store and close on a closed one are no errors', async () => {
      const { store } = context
      await store.open()
      await store.open()
      await store.close()
      await store.close()
    })

    test('a closed store refuses everything but health', async () => {
      const { store } = context
      await store.close()
      const closed = { name: 'StorageError', code: 'LEVEL_DATABASE_NOT_OPEN' }
      await expect(store.setSigilRecord('a', 'b', {})).rejects.toMatchObject(closed)
      await expect(store.getSigilRecord('a', 'b')).rejects.toMatchObject(closed)
      await expect(store.deleteSigilRecord('a', 'b')).rejects.toMatchObject(closed)
      await expect(store.existsSigilRecord('a', 'b')).rejects.toMatchObject(closed)
      await expect(store.allSigilRecords('t')).rejects.toMatchObject(closed)
      await expect(store.countSigilRecords('t')).rejects.toMatchObject(closed)
      await expect(store.records().next()).rejects.toMatchObject(closed)
      await expect(store.batch([])).rejects.toMatchObject(closed)
      expect(await store.getHealth()).toMatchObject({ status: 'unhealthy' })
    })

    test('a store that is opened again has what it had', async () => {
      const { store } = context
      await store.setSigilRecord('a', 'b', { x: 1 })
      await store.close()
      await store.open()
      expect(await store.getSigilRecord('a', 'b')).toEqual({ x: 1 })
    })

    test('a store closes itself at the end of a scope', async () => {
      if (Symbol.asyncDispose === undefined) return
      const { store } = context
      await store[Symbol.asyncDispose]()
      expect(await store.getHealth()).toMatchObject({ status: 'unhealthy' })
    })
  })
}

module.exports = { health }
