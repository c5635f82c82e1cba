// Guards what a process is told that may not do to a directory what it wants: the system's reason,
// as EACCES, in the call that needed it; what may be read is read; and nothing is changed.

const { spawnSync } = require('node:child_process')
const { chmodSync, cpSync, mkdirSync, readdirSync } = require('node:fs')
const { join } = require('node:path')
const { LevelDBSigilAdapter } = require('sigil-vault')
const { root } = require('./support/child.js')
const { scratchFolder } = require('./support/scratch.js')
const { testWhere } = require('./support/where-possible.js')

const scratch = scratchFolder()

/** Root may do everything, so that it asks somebody else. */
const somebody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

function runAsSomebody(code) {
  const script = `(async () => {${code}})().then((said) => process.stdout.write(JSON.stringify(said)))`
  const options = { ...somebody, cwd: root, encoding: 'utf8', timeout: 60_000 }
  return spawnSync(process.execPath, ['--eval', script], options)
}

function whatIsMissing() {
  if (process.platform === 'win32') return 'needs the permissions of Unix'
  const { stdout } = runAsSomebody(`require('sigil-vault'); require('./native.js'); return 'ok'`)
  return stdout === '"ok"' ? undefined : 'nobody but root may read the project'
}

testWhere(whatIsMissing())(
  'what may not be opened, made or read is EACCES, and says what',
  async () => {
    const parent = scratch('parent')
    const path = join(parent, 'db')
    mkdirSync(parent)
    const store = new LevelDBSigilAdapter(path)
    await store.setSigilRecord('a', 'b', { x: 1 })
    await store.compact()
    await store.close()
    const unreadable = join(parent, 'unreadable')
    cpSync(path, unreadable, { recursive: true })
    const names = readdirSync(path)
    const [table] = readdirSync(unreadable).filter((name) => name.endsWith('.ldb'))
    for (const name of names) chmodSync(join(path, name), 0o444)
    chmodSync(join(unreadable, table), 0o000)
    for (const directory of [scratch(''), parent, path, unreadable]) chmodSync(directory, 0o555)

    const { status, stdout, stderr } = runAsSomebody(`
    const { Level, LevelDBSigilAdapter } = require('sigil-vault')
    const parent = ${JSON.stringify(parent)}
    const told = ({ name, code, errno, transient, operation, path }) =>
      ({ name, code, errno, transient, operation, path })
    const failure = (promise) => promise.then(() => 'it worked', told)
    const use = async (name, options) => {
      const store = new LevelDBSigilAdapter(parent + name, options)
      const failed = await failure(store.getSigilRecord('a', 'b'))
      await store.close()
      return failed
    }
    const reader = new LevelDBSigilAdapter(parent + '/db', { readOnly: true })
    const read = await reader.getSigilRecord('a', 'b')
    await reader.close()
    const level = await new Level(parent + '/db').open().catch((error) => error)
    return {
      read,
      held: await use('/db'),
      made: await use('/new'),
      table: await use('/unreadable', { readOnly: true }),
      level: { code: level.code, cause: told(level.cause) },
    }`)
    for (const directory of [scratch(''), parent, path, unreadable]) chmodSync(directory, 0o755)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const denied = (where, operation) => ({
      name: 'StorageError',
      code: 'EACCES',
      errno: 13,
      transient: false,
      operation,
      path: expect.stringContaining(where),
    })
    expect(JSON.parse(stdout)).toEqual({
      read: { x: 1 },
      held: denied(path, 'getSigilRecord'),
      made: denied(join(parent, 'new'), 'getSigilRecord'),
      table: denied(join(unreadable, table), 'getSigilRecord'),
      level: { code: 'LEVEL_DATABASE_NOT_OPEN', cause: denied(path, 'open') },
    })
    expect(readdirSync(path)).toEqual(names)
  },
)
