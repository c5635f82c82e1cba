// Guards the order in which a store is told of one record, and what becomes of what it refuses.

const { setTimeout: delay } = require('node:timers/promises')
const { Outbox } = require('../../lib/identity/outbox.js')

/** A store's side that notes what it is told, and whether two operations on a record meet. */
function recorder() {
  const told = []
  const inside = new Set()
  const side = { told, refused: 0, met: false }
  const operation = (kind) => async (name) => {
    side.met ||= inside.has(name)
    inside.add(name)
    await delay(2)
    inside.delete(name)
    if (side.refused > 0) {
      side.refused -= 1
      throw new Error('refused')
    }
    told.push(`${kind} ${name}`)
  }
  const failed = []
  side.failed = failed
  side.outbox = new Outbox({
    put: operation('put'),
    del: operation('del'),
    failed: (error) => failed.push(error.message),
  })
  return side
}

test('operations on a record come one after the other; of those that wait, the newest', async () => {
  const { outbox, told } = recorder()
  const side = recorder()
  await Promise.all([
    ...['a', 'b'].map((name) => side.outbox.put(name)),
    side.outbox.put('a'),
    side.outbox.del('a'),
  ])
  expect(side.told).toEqual(['put a', 'put b', 'del a'])
  expect(side.met).toBe(false)
  await Promise.all([outbox.del('a'), outbox.put('a'), outbox.settled()])
  expect(told).toEqual(['del a', 'put a'])
})

test('what was refused is tried again, unless something newer was wished for', async () => {
  const side = recorder()
  side.refused = 2
  await Promise.all([side.outbox.put('a'), side.outbox.put('b')])
  expect([side.outbox.failures, side.failed]).toEqual([2, ['refused', 'refused']])
  await side.outbox.del('b')
  expect(side.outbox.failures).toBe(1)
  await side.outbox.retry()
  expect(side.told).toEqual(['del b', 'put a'])
  expect(side.outbox.failures).toBe(0)
  await side.outbox.retry()
  expect(side.told).toHaveLength(2)
})

test('what is refused while something newer waits is not tried again', async () => {
  const side = recorder()
  side.refused = 1
  const first = side.outbox.put('a')
  side.outbox.del('a')
  await first
  await side.outbox.retry()
  expect(side.told).toEqual(['del a'])
})

test('a store that throws at once is one that refuses', async () => {
  const failed = []
  let refusing = true
  const told = []
  const operation = (kind) => (name) => {
    if (refusing) throw new Error('at once')
    told.push(`${kind} ${name}`)
  }
  const outbox = new Outbox({
    put: operation('put'),
    del: operation('del'),
    failed: (error) => failed.push(error.message),
  })
  const refusal = { error: expect.objectContaining({ message: 'at once' }) }
  expect(await Promise.all([outbox.put('a'), outbox.del('b')])).toEqual([refusal, refusal])
  await outbox.settled()
  await outbox.retry()
  expect([outbox.failures, failed.length]).toEqual([2, 4])
  refusing = false
  await outbox.retry()
  expect(told).toEqual(['put a', 'del b'])
  await outbox.settled()
})
