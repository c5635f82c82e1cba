const { missing } = require('./__test__/support/postgres-platform.js')

const long = process.env.SIGIL_LONG === '1'

const FORMS = long ? ['test', 'long'] : ['test']
/** Tests in this folder have a PostgreSQL server; the others do not wait for one to start. */
const POSTGRES = '__test__/postgres'
const common = {
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/target/'],
}
const withPostgres = {
  testMatch: FORMS.map((form) => `**/${POSTGRES}/**/*.${form}.js`),
  globalSetup: '<rootDir>/__test__/support/postgres-start.js',
  globalTeardown: '<rootDir>/__test__/support/postgres-stop.js',
}
const withoutPostgres = { testMatch: ['**/__test__/support/postgres-missing.js'] }
/** @type {import('jest').Config} */
module.exports = {
  testTimeout: long ? 600_000 : 20_000,
  projects: [
    {
      ...common,
      displayName: 'all',
      testMatch: [...FORMS.map((form) => `**/__test__/**/*.${form}.js`), `!**/${POSTGRES}/**`],
    },
    {
      ...common,
      displayName: 'postgres',
      ...(missing() === undefined ? withPostgres : withoutPostgres),
    },
  ],
}
