// Nothing acknowledged is lost when the process is killed while it saves, backs up and changes keys.

const { cleanUp, newDirectory } = require('./helpers.js')
const { killRounds } = require('./kill.js')

afterEach(cleanUp)

test('what was acknowledged is there after kill -9', async () => {
  expect(await killRounds(newDirectory(), 5)).toBeGreaterThan(20)
}, 60_000)
