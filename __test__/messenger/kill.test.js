// Nothing acknowledged is lost when the process is killed while it saves and backs up, and changes
// keys, restores, or changes the password.

const { cleanUp, newDirectory } = require('./helpers.js')
const { HABITS, killRounds } = require('./kill.js')

afterEach(cleanUp)

test.each(Object.keys(HABITS))(
  'what was acknowledged while %s is there after kill -9',
  async (habit) => {
    expect(await killRounds(newDirectory(), 5, habit)).toBeGreaterThan(0)
  },
  60_000,
)
