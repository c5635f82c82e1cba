// Guards the waiting for a directory that another process has: it can be given up, it is told to who
// asks for health, and it keeps a process alive for those who wait for an answer, and only for them.

const { spawnSync } = require('node:child_process')
const { join } = require('node:path')
const { Level, LevelDBSigilAdapter } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const root = join(__dirname, '..')
const scratch = scratchFolder()
/** Longer than a test may last. */
const FOR_EVER = { lockTimeout: 2 ** 31 }
const notOpen = { code: 'LEVEL_DATABASE_NOT_OPEN' }

let holder
beforeEach(async () => {
  holder = new Level(scratch('held'))
  await holder.open()
})
afterEach(() => holder.close())

test('closing a Level ends its waiting, whoever has called for it', async () => {
  for (const begin of [() => undefined, (level) => level.open(), (level) => level.get('k')]) {
    const level = new Level(scratch('held'), FOR_EVER)
    const begun = Promise.resolve(begin(level))
    const outcome = begun.then(
      () => undefined,
      ({ code }) => ({ code }),
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    await level.close()
    expect(level.status).toBe('closed')
    expect([undefined, notOpen]).toContainEqual(await outcome)
  }
})

test('a Level that was closed while it waited opens when it is asked to', async () => {
  const level = new Level(scratch('held'), FOR_EVER)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const closed = level.close()
  const opened = level.open()
  await closed
  await holder.close()
  await opened
  await level.put('k', 'v')
  expect(level.getSync('k')).toBe('v')
  await level.close()
})

test('health does not wait for a directory, and says who has it', async () => {
  const store = new LevelDBSigilAdapter(scratch('held'), FOR_EVER)
  for (let n = 0; n < 2; n++) {
    expect(await store.getHealth()).toMatchObject({
      status: 'unhealthy',
      details: { open: false, code: 'LEVEL_LOCKED', error: expect.stringContaining('LOCK') },
    })
  }
  await holder.close()
  await store.open()
  expect(await store.getHealth()).toMatchObject({ status: 'healthy', details: { open: true } })
  await store.close()
})

test('what waits is given up by its signal', async () => {
  const store = new LevelDBSigilAdapter(scratch('held'), FOR_EVER)
  for (const call of [
    (options) => store.open(options),
    (options) => store.stats(options),
    (options) => store.getSigilRecord('t', 's', 'h', options),
  ]) {
    const aborted = call({ signal: AbortSignal.timeout(50) })
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' })
  }
  await store.close()
})

/** Runs a module in a process of its own, which must end. Gives its status and what it printed. */
function runModule(code) {
  const script = `import { LevelDBSigilAdapter } from 'sigil-vault'
    const path = ${JSON.stringify(scratch('held'))}
    ${code}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { cwd: root, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' },
  )
  return { status, stdout: stdout.trim(), stderr }
}

test.each([
  ['a store that nobody uses', ''],
  [
    'one whose caller has given up',
    'await store.open({ signal: AbortSignal.timeout(50) }).catch(() => {})',
  ],
  ['one that was asked how it is', 'await store.getHealth()'],
])('%s keeps no process alive', (_, use) => {
  const code = `const store = new LevelDBSigilAdapter(path, { lockTimeout: 2 ** 31 }); ${use}`
  expect(runModule(code)).toEqual({ status: 0, stdout: '', stderr: '' })
})

test.each([
  ['open', 'store.open()'],
  ['a read', "store.getSigilRecord('s', 'h')"],
  ['a list', 'store.allSigilRecords()'],
  ['a call of db', "store.db.get('k')"],
  ['the opening of db', 'store.db.open()'],
  [
    'the opening of a db that was kept',
    'kept.open()',
    'const kept = store.db; await store.close()',
  ],
])('%s keeps the process alive until there is an answer', (_, call, before = '') => {
  const code = `const store = new LevelDBSigilAdapter(path, { lockTimeout: 400 }); ${before}
    const error = await ${call}.catch((error) => error)
    console.log((error.cause ?? error).code)`
  expect(runModule(code)).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^LEVEL_(LOCKED|DATABASE_NOT_OPEN)$/),
    stderr: '',
  })
})
