// Records that the whole service shares: what is set is got, as JSON would have kept it.

/** @param {{ store: any }} context */
function records(context) {
  describe('shared records', () => {
    test('getMany gives records in the order of their names, and undefined where there is none', async () => {
      const { store } = context
      await store.setSigilRecord('s', 'h', { n: 1 })
      await store.setSigilRecord('t', 's', 'h', { n: 2 })
      const names = [
        ['none', 'h'],
        ['t', 's', 'h'],
        ['s', 'h'],
        ['other', 's', 'h'],
        ['s', 'h'],
      ]
      const found = await store.getMany(names)
      expect(found.map((record) => record?.n)).toEqual([undefined, 2, 1, undefined, 1])
      expect(await store.getMany([])).toEqual([])
      for (const wrong of [undefined, 'names', [['s']], [['a', 'b', 'c', 'd']], ['s', 'h']]) {
        await expect(store.getMany(wrong)).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' })
      }
    })

    test('what was set is got, deleted, and gone', async () => {
      const { store } = context
      const record = { sigil: { symbol: '⟐' }, nested: [1, { deep: null }], text: 'ünï\u0000' }
      expect(await store.setSigilRecord('⟐', 'h1', record)).toBeUndefined()
      expect(await store.getSigilRecord('⟐', 'h1')).toEqual(record)
      expect(await store.existsSigilRecord('⟐', 'h1')).toBe(true)
      expect(await store.deleteSigilRecord('⟐', 'h1')).toBeUndefined()
      expect(await store.getSigilRecord('⟐', 'h1')).toBeUndefined()
      expect(await store.existsSigilRecord('⟐', 'h1')).toBe(false)
    })

    test('what is not there is undefined, and deleting it is no error', async () => {
      const { store } = context
      expect(await store.getSigilRecord('a', 'b')).toBeUndefined()
      await store.deleteSigilRecord('a', 'b')
    })

    test('the record is stored as it is, with nothing added', async () => {
      const { store } = context
      await store.setSigilRecord('sigil-memory', 'id-1', { id: 'id-1' })
      expect(await store.getSigilRecord('sigil-memory', 'id-1')).toEqual({ id: 'id-1' })
    })

    test('the last write wins', async () => {
      const { store } = context
      await store.setSigilRecord('a', 'b', { version: 1, old: true })
      await store.setSigilRecord('a', 'b', { version: 2 })
      expect(await store.getSigilRecord('a', 'b')).toEqual({ version: 2 })
      expect(await store.allSigilRecords()).toHaveLength(1)
    })

    test('neither what was given nor what was got is shared with the store', async () => {
      const { store } = context
      const given = { list: [1] }
      await store.setSigilRecord('a', 'b', given)
      given.list.push(2)
      const got = await store.getSigilRecord('a', 'b')
      expect(got).toEqual({ list: [1] })
      got.list.push(3)
      expect(await store.getSigilRecord('a', 'b')).toEqual({ list: [1] })
      expect((await store.allSigilRecords())[0]).toEqual({ list: [1] })
    })

    test('what is changed as soon as the call is made is stored as it was', async () => {
      const { store } = context
      const given = { list: [1] }
      const written = [
        store.setSigilRecord('a', 'b', given),
        store.setSigilRecord('t', 's', 'h', given),
        store.batch([
          { type: 'put', tenantId: 't', sigilId: 'in a batch', authHash: 'h', record: given },
        ]),
      ]
      given.list.push(2)
      await Promise.all(written)
      expect(await store.getSigilRecord('a', 'b')).toEqual({ list: [1] })
      for (const symbol of ['s', 'in a batch']) {
        expect(await store.getSigilRecord('t', symbol, 'h')).toMatchObject({ list: [1] })
      }
    })

    test('a record is kept as JSON has it', async () => {
      const { store } = context
      const when = new Date(0)
      const given = { when, gone: undefined, call: () => 1, number: Number.NaN, own: new Thing() }
      await store.setSigilRecord('a', 'b', given)
      const kept = { when: when.toISOString(), number: null, own: { from: 'toJSON' } }
      expect(await store.getSigilRecord('a', 'b')).toEqual(kept)
      expect(Object.keys(await store.getSigilRecord('a', 'b'))).not.toContain('gone')
      await store.setSigilRecord('a', 'c', new Thing())
      expect(await store.getSigilRecord('a', 'c')).toEqual({ from: 'toJSON' })
    })

    test('of what JSON has no words for, what JSON.stringify makes of it is kept', async () => {
      const { store } = context
      class Point {
        #hidden = 1
        x = 2
        get sum() {
          return this.#hidden + this.x
        }
      }
      const given = {
        map: new Map([['a', 1]]),
        set: new Set([1, 2]),
        error: new TypeError('no'),
        pattern: /x/,
        instance: new Point(),
        bytes: new Uint8Array([7]),
        buffer: Buffer.from('a'),
        list: [undefined, () => 1, Symbol('s'), Number.NaN, -0],
        [Symbol('named')]: 1,
      }
      const kept = {
        ...{ map: {}, set: {}, error: {}, pattern: {} },
        instance: { x: 2 },
        bytes: { 0: 7 },
        buffer: { type: 'Buffer', data: [97] },
        list: [null, null, null, null, 0],
      }
      expect(kept).toEqual(JSON.parse(JSON.stringify(given)))
      await store.setSigilRecord('a', 'b', given)
      await store.setSigilRecord('t', 's', 'h', given)
      await store.batch([
        { type: 'put', tenantId: 't', sigilId: 's', authHash: 'batch', record: given },
      ])
      expect(await store.getSigilRecord('a', 'b')).toEqual(kept)
      for (const hash of ['h', 'batch']) {
        const { tenantId, symbol, sigilId, authHash, updatedAt, ...own } =
          await store.getSigilRecord('t', 's', hash)
        expect(own).toEqual(kept)
      }
      for (const whole of [new Map([['a', 1]]), new Set([1]), new Point()]) {
        await store.setSigilRecord('a', 'whole', whole)
        const found = JSON.parse(JSON.stringify(whole))
        expect(await store.getSigilRecord('a', 'whole')).toEqual(found)
      }
    })

    test('a field named __proto__ is a field like any other', async () => {
      const { store } = context
      await store.setSigilRecord('a', 'b', JSON.parse('{"__proto__":{"admin":true}}'))
      const got = await store.getSigilRecord('a', 'b')
      expect(Object.keys(got)).toEqual(['__proto__'])
      expect(got.admin).toBeUndefined()
    })

    test('a record of a megabyte comes back whole', async () => {
      const { store } = context
      const record = { text: '⟐x'.repeat(250_000) }
      await store.setSigilRecord('a', 'b', record)
      expect(await store.getSigilRecord('a', 'b')).toEqual(record)
    })

    test('a number as hash is its digits, as it always was', async () => {
      const { store } = context
      await store.setSigilRecord('a', 1754536492032, { x: 1 })
      expect(await store.getSigilRecord('a', '1754536492032')).toEqual({ x: 1 })
      expect(await store.getSigilRecord('a', 1754536492032)).toEqual({ x: 1 })
    })

    test('many at once', async () => {
      const { store } = context
      const ids = Array.from({ length: 500 }, (_, id) => `id-${id}`)
      await Promise.all(ids.map((id) => store.setSigilRecord('sigil-memory', id, { id })))
      const got = await Promise.all(ids.map((id) => store.getSigilRecord('sigil-memory', id)))
      expect(got.map(({ id }) => id)).toEqual(ids)
      expect(await store.countSigilRecords()).toBe(500)
    })
  })
}

class Thing {
  toJSON() {
    return { from: 'toJSON' }
  }
}

module.exports = { records }
