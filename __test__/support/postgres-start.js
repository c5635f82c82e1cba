// Starts the PostgreSQL server of a run of tests, for the tests that need one: jest calls this once
// before them (jest.config.js). Its address is in SIGIL_TEST_POSTGRES.

const { spawn } = require('node:child_process')
const { join } = require('node:path')

module.exports = async () => {
  const keeper = spawn(process.execPath, [join(__dirname, 'postgres-keeper.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  globalThis.postgresKeeper = keeper
  process.env.SIGIL_TEST_POSTGRES = await new Promise((resolve, reject) => {
    let said = ''
    keeper.stdout.setEncoding('utf8').on('data', (text) => {
      said += text
      if (said.endsWith('\n')) resolve(said.trim())
    })
    keeper.on('error', reject)
    keeper.on('exit', () => reject(new Error('the PostgreSQL server for tests did not start')))
  })
}
