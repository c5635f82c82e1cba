// Guards the package as its users get it: the main package and the one for this platform, packed,
// installed into an empty folder with no compiler and no install scripts, then required, imported,
// type-checked and used.

const { execFileSync } = require('node:child_process')
const { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } =
  require('node:fs')
const { tmpdir } = require('node:os')
const { dirname, join, posix } = require('node:path')

const root = join(__dirname, '..')
const npmCli = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const shell = process.platform === 'win32'

let folder
let home

function run(command, args, options = {}) {
  return execFileSync(command, args, { cwd: home, encoding: 'utf8', stdio: 'pipe', ...options })
}

function pack(source) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename, files }] = JSON.parse(run(npmCli, args, { cwd: source, shell }))
  return { tarball: join(folder, filename), files: files.map(({ path }) => path) }
}

/** The platform's package, as the release puts it together. */
function platformPackage() {
  const addon = readdirSync(root).find((file) => /^sigil-vault\..+\.node$/.test(file))
  const platform = addon.split('.')[1]
  const copy = join(folder, platform)
  mkdirSync(copy)
  copyFileSync(join(root, 'npm', platform, 'package.json'), join(copy, 'package.json'))
  copyFileSync(join(root, 'npm', platform, 'LICENSE'), join(copy, 'LICENSE'))
  copyFileSync(join(root, addon), join(copy, addon))
  return copy
}

let main
let platform

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-package-'))
  home = join(folder, 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  main = pack(root)
  platform = pack(platformPackage())
  const args = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  // Node and npm stay on the PATH, a compiler does not.
  const PATH = [dirname(process.execPath), '/usr/bin', '/bin'].join(':')
  const env = shell ? process.env : { ...process.env, PATH, CARGO_HOME: folder }
  run(npmCli, [...args, main.tarball, platform.tarball], { shell, env })
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the packages have what they need and no more', () => {
  const tops = new Set(main.files.map((file) => file.split('/')[0]))
  expect([...tops].sort()).toEqual(
    [
      ...['LICENSE', 'README.md', 'package.json', 'bin', 'cli', 'docs', 'lib', 'server'],
      ...['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
      ...['index.d.mts', 'index.d.ts', 'index.js', 'index.mjs', 'native.d.ts', 'native.js'],
    ].sort(),
  )
  expect(platform.files).toEqual([
    'LICENSE',
    'package.json',
    expect.stringMatching(/^sigil-vault\.[\w-]+\.node$/),
  ])
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(Object.keys(scripts).filter((name) => /install|prepare/.test(name))).toEqual([])
})

test('every platform has the licence', () => {
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8')
  for (const name of readdirSync(join(root, 'npm'))) {
    expect(readFileSync(join(root, 'npm', name, 'LICENSE'), 'utf8')).toBe(licence)
  }
})

test('links in packed documents lead to what is packed', () => {
  const packed = new Set(main.files)
  const dead = main.files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const prose = readFileSync(join(root, file), 'utf8').replaceAll(/```[\s\S]*?```/g, '')
      return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target.split('#')[0])
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .filter((target) => !packed.has(posix.join(dirname(file), target)))
        .map((target) => `${file}: ${target}`)
    })
  expect(dead).toEqual([])
})

test('required, it writes a directory, and reads it when it runs again', () => {
  const code = `
    const { createSigilStore, LevelDBSigilAdapter, Level } = require('sigil-vault')
    const run = async () => {
      const store = createSigilStore({ path: './required' })
      if (!(store instanceof LevelDBSigilAdapter)) throw new Error('another backend')
      const before = await store.getSigilRecord('t!', 's', 'h')
      await store.setSigilRecord('t!', 's', 'h', { x: (before?.x ?? 0) + 1 })
      const { x, tenantId } = await store.getSigilRecord('t!', 's', 'h')
      await store.close()
      const level = new Level('./required')
      const keys = await level.keys().all()
      await level.close()
      process.stdout.write(tenantId + x + keys.length)
    }
    run()`
  expect(run(process.execPath, ['--eval', code])).toBe('t!11')
  expect(run(process.execPath, ['--eval', code])).toBe('t!21')
  expect(readdirSync(join(home, 'required'))).toContain('CURRENT')
})

test('imported, it writes a directory, and reads it when it runs again', () => {
  const code = `
    import { InMemoryStorageDriver, LevelDBSigilAdapter } from 'sigil-vault'
    for (const store of [new LevelDBSigilAdapter('./imported'), new InMemoryStorageDriver()]) {
      const before = await store.countSigilRecords()
      await store.setSigilRecord('s', 'h' + before, { x: before })
      process.stdout.write(JSON.stringify(await store.allSigilRecords()))
      await store.close()
    }`
  const imported = () => run(process.execPath, ['--input-type=module', '--eval', code])
  expect(imported()).toBe('[{"x":0}][{"x":0}]')
  expect(imported()).toBe('[{"x":0},{"x":1}][{"x":0}]')
})

test('the command is there, and works', () => {
  const command = join(home, 'node_modules', '.bin', shell ? 'sigil-vault.cmd' : 'sigil-vault')
  expect(run(command, ['--help'], { shell })).toContain('doctor')
})

test('types are found by both module systems', () => {
  const code = `import { InMemoryStorageDriver, type SigilStore } from 'sigil-vault'
export const store: SigilStore = new InMemoryStorageDriver()\n`
  writeFileSync(join(home, 'one.cts'), code)
  writeFileSync(join(home, 'two.mts'), code)
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--module', 'nodenext', '--strict', '--noEmit', '--lib', 'es2022,dom']
  // The types of abstract-level name those of Node, which everyone who writes TypeScript for it has.
  const types = ['--typeRoots', join(root, 'node_modules', '@types'), '--types', 'node']
  run(process.execPath, [tsc, ...options, ...types, 'one.cts', 'two.mts'])
})

test('without a package for the platform, the loader says what it tried', () => {
  const code = `
    const { InMemoryStorageDriver } = require('sigil-vault')
    new InMemoryStorageDriver().getSigilRecord('s', 'h').catch(({ code, message }) => {
      process.stdout.write(JSON.stringify([code, message]))
    })`
  const platforms = readdirSync(join(home, 'node_modules')).filter((name) =>
    /^sigil-vault-/.test(name),
  )
  for (const name of platforms) rmSync(join(home, 'node_modules', name), { recursive: true })
  const [errorCode, tried] = JSON.parse(run(process.execPath, ['--eval', code]))
  expect(errorCode).toBe('STORAGE_UNAVAILABLE')
  expect(tried).toContain(platforms[0])
})
