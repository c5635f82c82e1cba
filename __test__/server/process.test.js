// The service as a process: it starts from its environment, stops when it is told to, and says
// plainly why it does not start.

const { addressOf, mint, start } = require('./service.js')

jest.setTimeout(60_000)

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
  [{ SIGIL_STORAGE_BACKEND: 'floppy' }, /INVALID_PARAMETERS: SIGIL_STORAGE_BACKEND/],
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
