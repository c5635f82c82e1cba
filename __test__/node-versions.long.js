// Guards that the package works on other versions of Node than the one that runs the tests: the
// registry has each version's program as a package. Installs them beside, and runs the tests of the
// package and of its main features with each. A version that cannot be had is skipped, and said so.

const { spawnSync } = require('node:child_process')
const { existsSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

const root = join(__dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'sigil-vault-node-'))
const FEATURES = [
  ...['package.test', 'module.test', 'errors.test', 'level.test', 'leveldb-adapter.test'],
  ...['maintenance.test', 'metrics.test', 'doctor.test', 'faults.test', 'lifetime.test'],
]

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function obtain(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const home = join(folder, version)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
  spawnSync(npm, ['install', ...quiet, '--prefix', home, `${name}@${version}`], {
    cwd: folder,
    shell: process.platform === 'win32',
  })
  const program = join(home, 'node_modules', name, 'bin', 'node')
  return existsSync(program) ? program : undefined
}

test.each(['18', '20', '22', '24', '26'])('the package and its features on Node %s', (version) => {
  const program = obtain(version)
  if (program === undefined) {
    process.stdout.write(`Node ${version} could not be had: not tried\n`)
    return
  }
  const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.trim()
  expect(said).toMatch(new RegExp(`^v${version}\\.`))
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js')
  const { status, stderr } = spawnSync(program, [jest, '--ci', ...FEATURES], {
    cwd: root,
    encoding: 'utf8',
    // The short form: the long one runs on the version that runs this.
    env: { ...process.env, SIGIL_LONG: '' },
  })
  const [, passed] = /^Tests: .*?(\d+) passed/m.exec(stderr) ?? []
  process.stdout.write(`Node ${said}: ${passed} tests passed\n`)
  if (status !== 0) throw new Error(stderr)
  expect(Number(passed)).toBeGreaterThan(100)
})
