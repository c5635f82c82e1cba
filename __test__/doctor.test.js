// Guards the doctor: it finds the records that FlappyJournal's old caller misfiled, changes nothing
// unless it is told to, moves each in one step, and never over another.

const { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } = require('node:fs')
const { spawnSync } = require('node:child_process')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { ClassicLevel } = require('classic-level')
const { doctor, LevelDBSigilAdapter } = require('sigil-vault')
const { version } = require('../package.json')

const root = join(__dirname, '..')
const fixture = join(root, 'crates/leveldb/tests/fixtures/flappyjournal-leveldb')

let folder
let path

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-doctor-'))
  path = join(folder, 'db')
  cpSync(fixture, path, { recursive: true })
})

afterEach(() => rmSync(folder, { recursive: true }))

const contents = () =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'hex')]))

async function entries() {
  const db = new ClassicLevel(path)
  const all = await db.iterator().all()
  await db.close()
  return all
}

function cli(...args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bin/sigil-vault.js'), ...args],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

/** What the old adapter made of three arguments. */
function misfile(db, symbol, authHash, record) {
  const stored = { tenantId: symbol, symbol: authHash, authHash: record }
  return db.put(`${symbol}!sigil!${authHash}![object Object]`, JSON.stringify(stored))
}

test('looking finds both records of the directory, and touches no byte', async () => {
  const before = contents()
  const report = await doctor(path)
  expect(report).toMatchObject({ location: path, fix: false, examined: 2 })
  expect(report.misfiled).toHaveLength(2)
  for (const { key, meant, outcome } of report.misfiled) {
    expect(key).toBe(`${meant.symbol}!sigil!${meant.authHash}![object Object]`)
    expect(outcome).toBe('movable')
  }
  expect(contents()).toEqual(before)
})

test('fixing moves each to the key that was meant, with the record that was meant', async () => {
  const before = await entries()
  const report = await doctor(path, { fix: true })
  expect(report.misfiled.map(({ outcome }) => outcome)).toEqual(['moved', 'moved'])
  const wanted = before.map(([key, value]) => {
    const [symbol, , authHash] = key.split('!')
    return [`sigil:${symbol}:${authHash}`, JSON.stringify(JSON.parse(value).authHash)]
  })
  const byKey = ([one], [other]) => (one < other ? -1 : 1)
  expect(await entries()).toEqual(wanted.sort(byKey))
  const store = new LevelDBSigilAdapter(path)
  for (const { meant } of report.misfiled) {
    expect(await store.getSigilRecord(meant.symbol, meant.authHash)).toEqual(expect.any(Object))
  }
  await store.close()
  expect(await doctor(path, { fix: true })).toMatchObject({ misfiled: [] })
})

test('a record that is there already is not written over, also not an old unescaped one', async () => {
  const db = new ClassicLevel(path)
  await db.clear()
  await misfile(db, 'one', 'h', { is: 'misfiled' })
  await db.put('sigil:one:h', '{"was":"there"}')
  await misfile(db, 'a:b', 'h', { is: 'misfiled' })
  await db.put('sigil:a:b:h', '{"was":"there"}')
  await misfile(db, 'free', 'h', { is: 'misfiled', text: '![object Object]' })
  await db.close()
  const before = new Map(await entries())
  const { misfiled } = await doctor(path, { fix: true })
  const outcomes = Object.fromEntries(misfiled.map(({ meant, outcome }) => [meant.symbol, outcome]))
  expect(outcomes).toMatchObject({ one: 'taken', free: 'moved' })
  const after = new Map(await entries())
  expect(after.get('sigil:one:h')).toBe('{"was":"there"}')
  expect(after.get('sigil:a:b:h')).toBe('{"was":"there"}')
  expect(after.has('one!sigil!h![object Object]')).toBe(true)
  expect(after.get('sigil:free:h')).toBe('{"is":"misfiled","text":"![object Object]"}')
  expect(after.size).toBe(before.size)
})

test('what only looks like it is left alone', async () => {
  const db = new ClassicLevel(path)
  await db.clear()
  const innocent = [
    ['t!sigil!s![object Object]', JSON.stringify({ tenantId: 't', symbol: 's', authHash: 'text' })],
    ['t!sigil!x![object Object]', JSON.stringify({ tenantId: 'other', symbol: 'x', authHash: {} })],
    ['t!sigil!y![object Object]', 'not JSON'],
    ['![object Object]', '{}'],
  ]
  for (const [key, value] of innocent) await db.put(key, value)
  await db.close()
  const report = await doctor(path, { fix: true })
  expect(report).toMatchObject({ examined: 4, misfiled: [] })
  expect(new Map(await entries())).toEqual(new Map(innocent))
})

test('records that are not JSON are named, and left alone', async () => {
  const store = new LevelDBSigilAdapter(path)
  await store.setSigilRecord('whole', 'h', { is: 'whole' })
  const broken = ['sigil:s:h', 'sigil:trap:h', 't!sigil!s!h']
  for (const [index, key] of broken.entries()) {
    await store.db.put(key, ['', '{"a":1},{"b":2}', '{"half":'][index])
  }
  await store.db.put('no record', 'not JSON')
  await expect(store.allSigilRecords()).rejects.toThrow('the doctor says which')
  await store.close()
  const { unreadable } = await doctor(path, { fix: true })
  expect(unreadable).toEqual([
    { key: broken[0], name: { symbol: 's', authHash: 'h' } },
    { key: broken[1], name: { symbol: 'trap', authHash: 'h' } },
    { key: broken[2], name: { tenant: 't', symbol: 's', authHash: 'h' } },
  ])
  const told = cli('doctor', path)
  expect(told).toMatchObject({ status: 1, stderr: '' })
  expect(told.stdout).toContain('record: tenant "t", symbol "s", hash "h"\n  is not JSON\n')
  await store.open()
  for (const { name } of unreadable) {
    const parts = name.tenant === undefined ? [] : [name.tenant]
    await store.deleteSigilRecord(...parts, name.symbol, name.authHash)
  }
  expect(await store.allSigilRecords()).toContainEqual({ is: 'whole' })
  await store.close()
  expect(cli('doctor', path)).toMatchObject({ status: 0, stderr: '' })
})

test('errors are those of the store', async () => {
  const missing = join(folder, 'none')
  for (const options of [{}, { fix: true }]) {
    await expect(doctor(missing, options)).rejects.toMatchObject({ name: 'StorageError' })
  }
  await expect(doctor()).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' })
  await expect(doctor(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORT_ERR',
  })
  const holder = new ClassicLevel(path)
  await holder.open()
  await expect(doctor(path, { fix: true })).rejects.toMatchObject({ code: 'LEVEL_LOCKED' })
  expect((await doctor(path)).misfiled).toHaveLength(2)
  await holder.close()
})

test('the command reports, fixes, and tells by its status what is left to do', () => {
  const looked = cli('doctor', path)
  expect(looked).toMatchObject({ status: 1, stderr: '' })
  expect(looked.stdout).toContain('2 misfiled, 0 not JSON, among 2 keys.\nNothing was changed')
  const fixed = cli('doctor', path, '--fix', '--json')
  expect(fixed).toMatchObject({ status: 0, stderr: '' })
  expect(JSON.parse(fixed.stdout).misfiled).toHaveLength(2)
  expect(cli('doctor', path)).toMatchObject({ status: 0, stderr: '' })
  expect(cli('doctor', join(folder, 'none'))).toMatchObject({ status: 2, stdout: '' })
  expect(cli('doctor', path, '--what')).toMatchObject({ status: 2, stdout: '' })
  expect(cli('doctor')).toMatchObject({ status: 2, stdout: '' })
  expect(cli('operate')).toMatchObject({ status: 2, stdout: '' })
  expect(cli('--help')).toMatchObject({ status: 0, stderr: '' })
  for (const ask of ['--version', '-v']) {
    expect(cli(ask)).toEqual({ status: 0, stderr: '', stdout: `sigil-vault ${version}\n` })
  }
  for (const help of [
    ['doctor', '--help'],
    ['doctor', '-h', path],
  ]) {
    const usage = expect.stringMatching(/^usage: sigil-vault doctor DIR.*\n[\s\S]*--fix /)
    expect(cli(...help)).toEqual({ status: 0, stderr: '', stdout: usage })
  }
})
