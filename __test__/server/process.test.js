// The service as a process: it starts from its environment, stops when it is told to, and says
// plainly why it does not start.

const { cpSync, mkdirSync } = require('node:fs')
const { once } = require('node:events')
const { connect, createServer } = require('node:net')
const { join } = require('node:path')
const { version } = require('../../package.json')
const { scratchFolder } = require('../support/scratch.js')
const { addressOf, mint, start } = require('./service.js')

jest.setTimeout(60_000)

const scratch = scratchFolder()

test.each(['SIGTERM', 'SIGINT'])('%s stops it cleanly', async (signal) => {
  const service = start()
  const base = await addressOf(service)
  expect(base).toMatch(/^http:\/\/127\.0\.0\.1:/)
  expect((await fetch(`${base}/readyz`)).status).toBe(200)
  service.child.kill(signal)
  const { code, stdout } = await service.ended
  expect(code).toBe(0)
  expect(stdout).toContain('"msg":"stopped"')
})

test('npm start ends with npm, also when a shell between them hands no signal on', async () => {
  // A shell that waits for it, as npm's does.
  const service = start({}, { command: 'sh', args: ['-c', 'node scripts/start.mjs; true'] })
  await addressOf(service)
  service.child.kill('SIGKILL')
  const { stdout } = await service.ended
  expect(stdout).toContain('"msg":"stopped"')
})

test('a connection that nothing has come from does not keep it from stopping', async () => {
  const service = start()
  const { port, hostname } = new URL(await addressOf(service))
  const idle = connect(Number(port), hostname)
  await once(idle, 'connect')
  const closed = once(idle, 'close')
  service.child.kill('SIGTERM')
  const { code, stdout } = await service.ended
  expect(code).toBe(0)
  expect(stdout).toContain('"msg":"stopped"')
  await closed
})

test('requests under way are answered before it stops', async () => {
  const service = start()
  const base = await addressOf(service)
  const mints = Array.from({ length: 50 }, () =>
    mint(base, { text: 'x'.repeat(100_000) }).then(
      ({ status }) => status,
      () => 'refused',
    ),
  )
  await Promise.race(mints)
  service.child.kill('SIGTERM')
  const answers = await Promise.all(mints)
  expect(answers).toContain(200)
  expect(answers.filter((answer) => ![200, 503, 'refused'].includes(answer))).toEqual([])
  expect((await service.ended).code).toBe(0)
})

test.each([
  [{ PORT: 'http' }, /INVALID_PARAMETERS: PORT/],
  [{ LOG_LEVEL: 'blah' }, /INVALID_PARAMETERS: LOG_LEVEL is one of .*info.*, not "blah"/],
  [
    { SIGIL_STORAGE_BACKEND: 'floppy' },
    /INVALID_PARAMETERS: SIGIL_STORAGE_BACKEND.*, not "floppy"/,
  ],
  [{ SIGIL_STORAGE_BACKEND: 'postgres', DATABASE_URL: '' }, /INVALID_PARAMETERS: .*DATABASE_URL/],
  [
    { SIGIL_STORAGE_BACKEND: 'postgres', DATABASE_URL: 'postgres://x@127.0.0.1:1/x' },
    /STORAGE_UNAVAILABLE: the database cannot be reached/,
  ],
])('with %j it says why it does not start', async (env, reason) => {
  const { code, stderr } = await start(env).ended
  expect(code).toBe(1)
  expect(stderr).toMatch(reason)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('at an address that is in use it ends with one line, and its store is closed', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address()
  const { code, stdout, stderr } = await start({ PORT: String(port) }).ended
  taken.close()
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toBe(
    `EADDRINUSE: 127.0.0.1:${port} is in use: PORT and HOST say where to listen\n`,
  )
})

test('an address that this machine does not have is named', async () => {
  const { code, stderr } = await start({ HOST: '192.0.2.1' }).ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/^EADDRNOTAVAIL: this machine has no address 192\.0\.2\.1:0: HOST .*\n$/)
})

const root = join(__dirname, '..', '..')
const byHand = { args: [join(root, 'server', 'main.js')] }
const byScript = { args: [join(root, 'scripts', 'start.mjs')] }

test.each([byHand, byScript])('%j says how to use it, and its version', async ({ args }) => {
  const ask = (option) => start({ PORT: 'none' }, { args: [...args, option] }).ended
  for (const option of ['--help', '-h']) {
    const { code, stdout, stderr } = await ask(option)
    expect([code, stderr]).toEqual([0, ''])
    for (const name of ['HOST', 'PORT', 'SIGIL_DB_PATH', 'DATABASE_URL', 'LOG_LEVEL']) {
      expect(stdout).toContain(name)
    }
  }
  expect(await ask('--version')).toMatchObject({ code: 0, stdout: `sigil-vault ${version}\n` })
  const wrong = await ask('--prot')
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toMatch(/'--prot'[\s\S]*usage: npm start/)
})

test('a clone in which nothing is installed or built answers, too', async () => {
  const clone = scratch('clone')
  mkdirSync(clone)
  for (const name of ['package.json', 'scripts', 'server']) {
    cpSync(join(root, name), join(clone, name), { recursive: true })
  }
  const args = [join(clone, 'scripts', 'start.mjs'), '--version']
  const { code, stdout } = await start({}, { args }).ended
  expect([code, stdout]).toEqual([0, `sigil-vault ${version}\n`])
})
