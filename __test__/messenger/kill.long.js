// The long form of kill.test.js.

const { cleanUp, newDirectory } = require('./helpers.js')
const { killRounds } = require('./kill.js')

afterEach(cleanUp)

test('what was acknowledged is there after each of 200 kills', async () => {
  expect(await killRounds(newDirectory(), 200)).toBeGreaterThan(1_000)
})
