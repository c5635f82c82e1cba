// The long form of kill.test.js.

const { cleanUp, newDirectory } = require('./helpers.js')
const { HABITS, killRounds } = require('./kill.js')

afterEach(cleanUp)

test.each(Object.keys(HABITS))(
  'what was acknowledged while %s is there after each of 200 kills',
  async (habit) => {
    expect(await killRounds(newDirectory(), 200, habit)).toBeGreaterThan(200)
  },
)
