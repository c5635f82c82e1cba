// Which call it is, and which calls are refused. A call that could have been meant for a tenant
// must never turn into one on the shared records.

const NO_TENANTS = [undefined, '', 42, true, {}, [], ['a'], { toString: () => 'a' }, '\ud800']
const NO_TEXTS = [undefined, null, {}, [], ['s'], true, Symbol.iterator, '\udfff']
const NO_RECORDS = [
  ...[undefined, null, 'text', 42, true, [], new Date(), Symbol.iterator, () => 1],
  // Of which JSON would make `{}`.
  ...[Promise.resolve({}), Object.fromEntries([['then', () => {}]])],
]

const isolation = { name: 'TenantIsolationError', code: 'TENANT_ISOLATION_ERROR' }
const invalid = { name: 'InvalidParametersError', code: 'INVALID_PARAMETERS' }

/** @param {{ store: any }} context */
function argumentRules(context) {
  describe('arguments', () => {
    const refused = async (method, args, error) => {
      await expect(context.store[method](...args)).rejects.toMatchObject({
        ...error,
        operation: method,
      })
    }

    test.each(NO_TENANTS.map((value) => [value]))('%p is no tenant', async (tenant) => {
      await refused('setSigilRecord', [tenant, 's', 'h', {}], isolation)
      await refused('getSigilRecord', [tenant, 's', 'h'], isolation)
      await refused('existsSigilRecord', [tenant, 's', 'h'], isolation)
      await refused('deleteSigilRecord', [tenant, 's', 'h'], isolation)
      await refused('allSigilRecords', [tenant], isolation)
      await refused('allSigilRecords', [tenant, { limit: 1 }], isolation)
      await refused('countSigilRecords', [tenant], isolation)
      await refused(
        'batch',
        [[{ type: 'del', tenantId: tenant, sigilId: 's', authHash: 'h' }]],
        isolation,
      )
      const iteration = context.store.records({ tenantId: tenant })
      await expect(iteration.next()).rejects.toMatchObject(isolation)
    })

    test('null is a tenant in the four-argument form only', async () => {
      await refused('getSigilRecord', [null, 's', 'h'], isolation)
      await refused('allSigilRecords', [null], isolation)
      await refused('countSigilRecords', [null], isolation)
    })

    test.each(NO_TEXTS.map((value) => [value]))('%p is no symbol and no hash', async (value) => {
      await refused('setSigilRecord', ['t', value, 'h', {}], invalid)
      await refused('setSigilRecord', ['t', 's', value, {}], invalid)
      await refused('setSigilRecord', [value, 'h', {}], invalid)
      await refused('setSigilRecord', ['s', value, {}], invalid)
      await refused('getSigilRecord', ['t', value, 'h'], invalid)
      await refused('getSigilRecord', ['t', 's', value], invalid)
      await refused('getSigilRecord', ['s', value], invalid)
      await refused('deleteSigilRecord', ['t', 's', value], invalid)
      await refused('existsSigilRecord', ['t', 's', value], invalid)
      expect(await context.store.countSigilRecords()).toBe(0)
    })

    test.each(NO_RECORDS.map((value) => [value]))('%p is no record', async (value) => {
      await refused('setSigilRecord', ['s', 'h', value], invalid)
      await refused('setSigilRecord', ['t', 's', 'h', value], invalid)
      const put = { type: 'put', tenantId: 't', sigilId: 's', authHash: 'h', record: value }
      await refused('batch', [[put]], invalid)
    })

    test('a record where the hash belongs is the mistake that once misfiled records', async () => {
      await refused('setSigilRecord', ['t', 's', { code: 1 }, undefined], invalid)
      await refused('setSigilRecord', ['t', 's', { code: 1 }, { code: 1 }], invalid)
      await refused('setSigilRecord', ['t', 's', { code: 1 }, { durability: 'sync' }], invalid)
    })

    test('a record that has no JSON text keeps its reason', async () => {
      const circle = {}
      circle.self = circle
      for (const record of [circle, { big: 1n }]) {
        const call = context.store.setSigilRecord('s', 'h', record)
        await expect(call).rejects.toMatchObject({ ...invalid, cause: expect.anything() })
      }
    })

    test('too few arguments and too many', async () => {
      await refused('setSigilRecord', [], invalid)
      await refused('setSigilRecord', ['s', 'h'], invalid)
      await refused('setSigilRecord', ['t', 's', 'h', {}, {}, {}], invalid)
      await refused('getSigilRecord', ['s'], invalid)
      await refused('getSigilRecord', ['t', 's', 'h', {}, {}], invalid)
      await refused('allSigilRecords', ['t', {}, {}], invalid)
      await refused('batch', [], invalid)
    })

    test('a refusal is a rejection, never a throw', () => {
      for (const method of ['setSigilRecord', 'getSigilRecord', 'allSigilRecords', 'batch']) {
        const call = context.store[method](undefined)
        expect(call).toBeInstanceOf(Promise)
        call.catch(() => {})
      }
    })

    test('a signal gives an operation up, in every form', async () => {
      const signal = AbortSignal.abort('changed my mind')
      const aborted = { name: 'AbortError', code: 'ABORT_ERR', cause: 'changed my mind' }
      await refused('setSigilRecord', ['s', 'h', {}, { signal }], aborted)
      await refused('setSigilRecord', ['t', 's', 'h', {}, { signal }], aborted)
      await refused('getSigilRecord', ['s', 'h', { signal }], aborted)
      await refused('getSigilRecord', ['t', 's', 'h', { signal }], aborted)
      await refused('deleteSigilRecord', ['s', 'h', { signal }], aborted)
      await refused('allSigilRecords', [{ signal }], aborted)
      await refused('allSigilRecords', ['t', { signal }], aborted)
      await refused('countSigilRecords', ['t', { signal }], aborted)
      await refused('batch', [[], { signal }], aborted)
      expect(await context.store.countSigilRecords()).toBe(0)
      expect(await context.store.countSigilRecords('t')).toBe(0)
    })

    test('a signal that is not aborted changes nothing', async () => {
      const { store } = context
      const { signal } = new AbortController()
      await store.setSigilRecord('s', 'h', { x: 1 }, { signal })
      await store.setSigilRecord('t', 's', 'h', { x: 2 }, { signal })
      expect(await store.getSigilRecord('s', 'h', { signal })).toEqual({ x: 1 })
      expect(await store.getSigilRecord('t', 's', 'h', { signal })).toMatchObject({ x: 2 })
      expect(await store.allSigilRecords({ signal })).toEqual([{ x: 1 }])
    })

    test('options that are none', async () => {
      await refused('setSigilRecord', ['t', 's', 'h', {}, 'sync'], invalid)
      await refused('setSigilRecord', ['t', 's', 'h', {}, { durability: 'maybe' }], invalid)
      await refused('getSigilRecord', ['t', 's', 'h', { signal: {} }], invalid)
      await refused('allSigilRecords', ['t', { limit: -1 }], invalid)
      await refused('allSigilRecords', ['t', { limit: '10' }], invalid)
      await refused('allSigilRecords', ['t', { cursor: 5 }], invalid)
      await refused('allSigilRecords', ['t', { filter: ['x'] }], invalid)
      await refused('allSigilRecords', ['t', { filter: { x: undefined } }], invalid)
    })
  })
}

module.exports = { argumentRules }
