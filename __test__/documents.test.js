// Guards documents against what they describe: that the options, the fields of health and the errors
// of `Level` that they list are those that there are.

const { mkdtempSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { InMemoryStorageDriver, Level, LevelDBSigilAdapter } = require('sigil-vault')

const read = (file) => readFileSync(join(__dirname, '..', file), 'utf8')

/** The names in the first column of a document's tables. */
const rows = (text) =>
  [...text.matchAll(/^\| (`.+?) \|/gm)].flatMap(([, cell]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )

/** The fields of an interface, in the types. */
function fields(name) {
  const [, body] = new RegExp(`^export interface ${name}\\b[^{]*\\{([\\s\\S]*?)^\\}`, 'm').exec(
    read('index.d.ts'),
  )
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field)
}

let folder

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-documents-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('every option that the types have is explained, and no other', () => {
  const types = [
    'EngineOptions',
    'OpenOptions',
    'MissingKeyOptions',
    'AdapterOptions',
    'StorageConfig',
  ]
  const known = new Set([...types.flatMap(fields), 'keyEncoding', 'valueEncoding'])
  expect(new Set(rows(read('docs/options.md')))).toEqual(known)
})

test('defaults are those of the engine', () => {
  const defaults = Object.fromEntries(
    [
      ...read('crates/leveldb/src/options.rs').matchAll(/^ {12}(\w+): ([\d_]+(?: << \d+)?),$/gm),
    ].map(([, name, text]) => {
      const [number, shift = 0] = text.replaceAll('_', '').split(' << ').map(Number)
      return [name, number * 2 ** shift]
    }),
  )
  const said = Object.fromEntries(
    [...read('docs/options.md').matchAll(/^\| `(\w+)` \| ([\d,]+)( KiB| MiB)?(?:;.*?)? \|/gm)].map(
      ([, name, number, unit]) => {
        const scale = { ' KiB': 1024, ' MiB': 1 << 20 }[unit] ?? 1
        return [name, Number(number.replaceAll(',', '')) * scale]
      },
    ),
  )
  for (const [ours, theirs] of Object.entries({
    writeBufferSize: 'write_buffer_size',
    cacheSize: 'block_cache_size',
    maxOpenFiles: 'max_open_files',
    blockSize: 'block_size',
    blockRestartInterval: 'block_restart_interval',
    maxFileSize: 'target_file_size',
    bloomBitsPerKey: 'bloom_bits_per_key',
  })) {
    expect(defaults[theirs]).toEqual(expect.any(Number))
    expect([ours, said[ours]]).toEqual([ours, defaults[theirs]])
  }
})

test('every field of health and stats is explained', async () => {
  const explained = rows(read('docs/health.md'))
  const store = new LevelDBSigilAdapter(join(folder, 'db'))
  const { details } = await store.getHealth()
  const stats = await store.stats()
  await store.close()
  const closed = (await store.getHealth()).details
  for (const name of Object.keys({ ...details, ...stats, ...closed })) {
    expect(explained).toContain(name)
  }
  expect(Object.keys(stats).sort()).toEqual(fields('StoreStats').sort())
  const memory = new InMemoryStorageDriver()
  expect(Object.keys((await memory.getHealth()).details)).toEqual(['backend', 'open', 'records'])
})

test('the jobs that can fail are those of the engine, in the types and the document', () => {
  const engine = read('crates/leveldb/src/db/health.rs')
  const [, variants] = /pub enum Job \{([\s\S]*?)^\}/m.exec(engine)
  const jobs = [...variants.matchAll(/^ {4}(\w+),/gm)].map(([, job]) => job.toLowerCase())
  expect(jobs).toContain('flush')
  const kindsOf = (name) => {
    const [, union] = new RegExp(`interface ${name} \\{[\\s\\S]*?(?:kind|job): (.*)`).exec(
      read('index.d.ts'),
    )
    return [...union.matchAll(/'(\w+)'/g)].map(([, kind]) => kind).sort()
  }
  expect(kindsOf('JobFailure')).toEqual([...jobs].sort())
  expect(kindsOf('JobFault')).toEqual([...jobs].sort())
  expect(kindsOf('StoreFault')).toEqual([...jobs, 'reserve'].sort())
  const [, told] = /\(([^)]*)\), or `reserve` when/.exec(read('docs/health.md'))
  expect([...told.matchAll(/`(\w+)`/g)].map(([, kind]) => kind).sort()).toEqual([...jobs].sort())
})

test('abstract-level’s errors come out of Level as documented', async () => {
  const level = new Level(join(folder, 'db'))
  await level.put('text', '{')
  const held = new Level(join(folder, 'db'))
  const [iterator, batch] = [level.iterator(), level.batch()]
  await iterator.close()
  const snapshot = level.snapshot()
  await Promise.all([batch.close(), snapshot.close()])
  const busy = level.iterator()
  const aborted = level.iterator({ signal: AbortSignal.abort() })
  const hooked = new Level(join(folder, 'hooked'))
  hooked.hooks.postopen.add(() => hooked.close())
  const hookFailure = await failure(() => hooked.open())
  const failures = [
    hookFailure,
    hookFailure.cause,
    await failure(() => held.open()),
    await failure(() => aborted.next()),
    await failure(() => level.put(null, '')),
    await failure(() => level.put('key', undefined)),
    await failure(() => level.get('key', { keyEncoding: 'none' })),
    await failure(() => level.get('text', { valueEncoding: 'json' })),
    await failure(() => iterator.next()),
    await failure(() => Promise.all([busy.next(), busy.next()])),
    await failure(() => batch.put('key', '')),
    await failure(() => level.get('key', { snapshot })),
  ]
  expect(failures[2].cause).toMatchObject({ name: 'StorageError', code: 'LEVEL_LOCKED' })
  expect((await failure(() => held.get('key'))).cause).toBeUndefined()
  const documented = rows(read('docs/errors.md').split('## Errors of `Level`')[1])
  const codes = failures.map(({ code }) => code)
  // It takes a disk that fails, and an encoding of the user's own, to be told of.
  expect(documented.filter((code) => !codes.includes(code))).toEqual([
    'LEVEL_DATABASE_NOT_CLOSED',
    'LEVEL_ENCODING_NOT_SUPPORTED',
  ])
  expect(codes.filter((code) => !documented.includes(code))).toEqual([])
  await level.close()
})

async function failure(body) {
  try {
    await body()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}
