const long = process.env.SIGIL_LONG === '1'

/** Tests in this folder have a PostgreSQL server; the others do not wait for one to start. */
const POSTGRES = '__test__/postgres'
const common = {
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/target/'],
}
const forms = long ? ['test', 'long'] : ['test']

/** @type {import('jest').Config} */
module.exports = {
  testTimeout: long ? 600_000 : 20_000,
  projects: [
    {
      ...common,
      displayName: 'all',
      testMatch: forms.map((form) => `**/__test__/**/*.${form}.js`),
      testPathIgnorePatterns: ['/node_modules/', `<rootDir>/${POSTGRES}/`],
    },
    {
      ...common,
      displayName: 'postgres',
      testMatch: forms.map((form) => `**/${POSTGRES}/**/*.${form}.js`),
      globalSetup: '<rootDir>/__test__/support/postgres-start.js',
      globalTeardown: '<rootDir>/__test__/support/postgres-stop.js',
    },
  ],
}
