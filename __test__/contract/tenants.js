// A tenant's records are its own: no choice of arguments reaches another's.

/** Pairs of tuples that an unescaped key would confuse, and ones that look alike. */
const LOOKALIKES = [
  [
    ['a', 'b!c', 'd'],
    ['a', 'b', 'c!d'],
  ],
  [
    ['a!sigil!b', 'c', 'd'],
    ['a', 'b', 'sigil!c!d'],
  ],
  [
    ['a', 'sigil', 'b!c'],
    ['a!sigil', 'b', 'c'],
  ],
  [
    ['a', '', 'b!c'],
    ['a', '!b', 'c'],
  ],
  [
    ['a', '', 'b:c'],
    ['a', 'b', 'c'],
  ],
  [
    ['a', 'b!c', 'd'],
    ['a', 'b%21c', 'd'],
  ],
  [
    ['a!b', 's', 'h'],
    ['a%21b', 's', 'h'],
  ],
  [
    ['sigil!tenant!x', 's', 'h'],
    ['x', 's', 'h'],
  ],
  [
    ['a', 's', 'h'],
    ['A', 's', 'h'],
  ],
  [
    ['a', 's', 'h'],
    ['a ', 's', 'h'],
  ],
  [
    ['é', 's', 'h'],
    ['e\u0301', 's', 'h'],
  ],
  [
    ['a', 's', ''],
    ['a', 's', ' '],
  ],
]

/** @param {{ store: any, keepsNul: boolean }} context */
function tenants(context) {
  describe("tenants' records", () => {
    test('a record says whose it is and when it was written', async () => {
      const { store } = context
      const before = Date.now()
      const given = { tenantId: 'forged', sigilId: 'forged', updatedAt: 'never', x: 1 }
      await store.setSigilRecord('acme', '⟐', 'h1', given)
      const got = await store.getSigilRecord('acme', '⟐', 'h1')
      expect(got).toEqual({
        x: 1,
        tenantId: 'acme',
        symbol: '⟐',
        sigilId: '⟐',
        authHash: 'h1',
        updatedAt: expect.any(String),
      })
      expect(new Date(got.updatedAt).toISOString()).toBe(got.updatedAt)
      expect(Date.parse(got.updatedAt)).toBeGreaterThanOrEqual(before)
      expect(given.tenantId).toBe('forged')
    })

    test('a null tenant in the four-argument form is the default one', async () => {
      const { store } = context
      const kept = process.env.DEFAULT_TENANT
      try {
        delete process.env.DEFAULT_TENANT
        await store.setSigilRecord(null, 's', 'h', {})
        expect(await store.existsSigilRecord('public', 's', 'h')).toBe(true)
        process.env.DEFAULT_TENANT = 'house'
        await store.setSigilRecord(null, 's', 'h', {})
        expect(await store.existsSigilRecord('house', 's', 'h')).toBe(true)
      } finally {
        if (kept === undefined) delete process.env.DEFAULT_TENANT
        else process.env.DEFAULT_TENANT = kept
      }
    })

    test('exists, count and delete are the tenant’s alone', async () => {
      const { store } = context
      await store.setSigilRecord('a', 's', 'h', { x: 1 })
      await store.setSigilRecord('b', 's', 'h', { x: 2 })
      await store.setSigilRecord('s', 'h', { x: 3 })
      await store.deleteSigilRecord('b', 's', 'h')
      expect(await store.existsSigilRecord('a', 's', 'h')).toBe(true)
      expect(await store.existsSigilRecord('b', 's', 'h')).toBe(false)
      expect(await store.countSigilRecords('a')).toBe(1)
      expect(await store.countSigilRecords('b')).toBe(0)
      expect(await store.countSigilRecords()).toBe(1)
      expect(await store.getSigilRecord('s', 'h')).toEqual({ x: 3 })
    })

    test.each(LOOKALIKES)('%j is not %j', async (one, other) => {
      const { store } = context
      await store.setSigilRecord(...one, { of: 'one' })
      expect(await store.getSigilRecord(...other)).toBeUndefined()
      expect(await store.existsSigilRecord(...other)).toBe(false)
      await store.deleteSigilRecord(...other)
      await store.setSigilRecord(...other, { of: 'other' })
      expect(await store.getSigilRecord(...one)).toMatchObject({ of: 'one', tenantId: one[0] })
      expect(await store.getSigilRecord(...other)).toMatchObject({ of: 'other' })
    })

    test('no tenant lists another, whatever their names', async () => {
      const { store } = context
      const names = new Set(LOOKALIKES.flat().map(([tenant]) => tenant))
      for (const name of [...names, 'sigil', 'sigil:', 'sigil:x:y', 'sigil;', '%', '!', '!!']) {
        names.add(name)
        await store.setSigilRecord(name, 's', 'h', {})
        await store.setSigilRecord(name, 'sigil!s', 'sigil!s!h', {})
      }
      for (const name of names) {
        const all = await store.allSigilRecords(name)
        expect(all.map(({ tenantId }) => tenantId)).toEqual([name, name])
        expect(await store.countSigilRecords(name)).toBe(2)
      }
      expect(await store.allSigilRecords()).toEqual([])
    })

    test('shared records and tenants never meet', async () => {
      const { store } = context
      await store.setSigilRecord('sigil:a', 'b', 'c', {})
      await store.setSigilRecord('a', 'b!sigil!c!d', { shared: true })
      expect(await store.allSigilRecords()).toEqual([{ shared: true }])
      expect(await store.allSigilRecords('sigil:a:b')).toEqual([])
      expect(await store.allSigilRecords('a')).toEqual([])
    })

    test('shared names that an unescaped key would confuse', async () => {
      const { store } = context
      await store.setSigilRecord('a', 'b:c', { of: 'one' })
      expect(await store.getSigilRecord('a:b', 'c')).toBeUndefined()
      await store.setSigilRecord('a:b', 'c', { of: 'other' })
      expect(await store.getSigilRecord('a', 'b:c')).toEqual({ of: 'one' })
      expect(await store.getSigilRecord('a:b', 'c')).toEqual({ of: 'other' })
      expect(await store.countSigilRecords()).toBe(2)
    })

    test('NUL is a character like any other, or refused', async () => {
      const { store, keepsNul } = context
      const write = store.setSigilRecord('a\0', 's', 'h', {})
      if (!keepsNul) {
        await expect(write).rejects.toMatchObject({ code: 'TENANT_ISOLATION_ERROR' })
        return
      }
      await write
      expect(await store.existsSigilRecord('a', 's', 'h')).toBe(false)
      expect(await store.countSigilRecords('a')).toBe(0)
      expect(await store.countSigilRecords('a\0')).toBe(1)
    })

    test('names without end are refused, not cut', async () => {
      const { store } = context
      const long = 'x'.repeat(1_000_000)
      await expect(store.setSigilRecord(long, 's', 'h', {})).rejects.toMatchObject({
        code: 'TENANT_ISOLATION_ERROR',
      })
      await expect(store.setSigilRecord('a', long, 'h', {})).rejects.toMatchObject({
        code: 'INVALID_PARAMETERS',
      })
      await expect(store.allSigilRecords(long)).rejects.toMatchObject({
        code: 'TENANT_ISOLATION_ERROR',
      })
      expect(await store.countSigilRecords('a')).toBe(0)
    })
  })
}

module.exports = { tenants }
