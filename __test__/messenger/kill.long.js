// The long form of kill.test.js.

const { cleanUp, newDirectory } = require('./helpers.js')
const { killRounds } = require('./kill.js')

afterEach(cleanUp)

// Deriving a key takes its time, so those that do it again and again have fewer.
test.each([
  ['rotating', 200],
  ['restoring', 200],
  ['changingPassword', 100],
])(
  'what was acknowledged while %s is there after each of %i kills',
  async (habit, rounds) => {
    expect(await killRounds(newDirectory(), rounds, habit)).toBeGreaterThan(rounds)
  },
  1_200_000,
)
