// Guards the addon as it is built for a package on GNU/Linux: without debug information, content
// with the C library that Node itself needs, and working.

const { execFileSync, spawnSync } = require('node:child_process')
const { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { testWhere } = require('./support/where-possible.js')

const root = join(__dirname, '..')
const target = { x64: 'x86_64-unknown-linux-gnu', arm64: 'aarch64-unknown-linux-gnu' }[process.arch]

function whatIsMissing() {
  if (process.platform !== 'linux') return 'is about GNU/Linux'
  const { status } = spawnSync('cargo-zigbuild', ['--version'])
  return status === 0 ? undefined : 'needs cargo-zigbuild and zig'
}

const name = 'the addon of a package needs no newer glibc than 2.28, is stripped, and works'

// Linking against an old C library takes a linker that a build from source does not need.
testWhere(whatIsMissing())(name, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigil-vault-portable-'))
  const napi = join(root, 'node_modules/@napi-rs/cli/dist/cli.js')
  const form = ['--platform', '--release', '--strip', '--js', 'native.js', '--dts', 'native.d.ts']
  execFileSync(
    process.execPath,
    [napi, 'build', ...form, '--target', target, '--output-dir', folder],
    {
      cwd: root,
      stdio: 'pipe',
      env: { ...process.env, CARGO: join(root, 'scripts/cargo-for-old-glibc.sh') },
    },
  )
  const [file] = readdirSync(folder).filter((entry) => entry.endsWith('.node'))
  const check = [join(root, 'scripts/check-addon.mjs'), join(folder, file)]
  process.stdout.write(execFileSync(process.execPath, check, { encoding: 'utf8' }))

  // The package around it, to see that it works.
  for (const part of ['index.js', 'package.json', 'lib']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  copyFileSync(join(root, 'native.js'), join(folder, 'native.js'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const code = `
    const { LevelDBSigilAdapter } = require('./index.js')
    const store = new LevelDBSigilAdapter('./db')
    store.setSigilRecord('t', 's', 'h', { x: 1 }, { durability: 'sync' })
      .then(() => store.compact())
      .then(() => store.getSigilRecord('t', 's', 'h'))
      .then(({ x }) => process.stdout.write(String(x)))`
  const said = execFileSync(process.execPath, ['--eval', code], { cwd: folder, encoding: 'utf8' })
  expect(said).toBe('1')
  rmSync(folder, { recursive: true })
})
