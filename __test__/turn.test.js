// Guards how calls that need no thread share the event loop: they wait for a turn in the order in
// which they were made, each is woken once, and others get their turns in between.

const { rest } = require('../lib/turn.js')

/** Keeps the thread busy. */
function work(milliseconds) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('calls go on in their order, a turn at a time, and each waits once', async () => {
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const order = []
  let waits = 0
  const call = (n) => {
    const turn = rest()
    const done = () => {
      work(0.05)
      order.push(n)
    }
    if (turn === undefined) return done()
    waits += 1
    return turn.then(done)
  }
  const count = 2_000
  await Promise.all(Array.from({ length: count }, (_, n) => call(n)))
  clearInterval(timer)
  expect(order).toEqual(Array.from({ length: count }, (_, n) => n))
  expect(waits).toBeGreaterThan(count / 2)
  // 100 ms of work in turns of three.
  expect(turns).toBeGreaterThan(10)
})

test('one that comes later waits behind those who wait, and none is forgotten', async () => {
  const order = []
  const calls = []
  for (let n = 0; n < 400; n++) {
    const turn = rest()
    work(0.05)
    calls.push(Promise.resolve(turn).then(() => order.push(n)))
  }
  await new Promise((resolve) => setImmediate(resolve))
  calls.push(Promise.resolve(rest()).then(() => order.push('late')))
  await Promise.all(calls)
  expect(order).toHaveLength(401)
  expect(order.at(-1)).toBe('late')
})
