const long = process.env.SIGIL_LONG === '1'

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['**/__test__/**/*.test.js', ...(long ? ['**/__test__/**/*.long.js'] : [])],
  modulePathIgnorePatterns: ['<rootDir>/target/'],
  testTimeout: long ? 600_000 : 20_000,
}
