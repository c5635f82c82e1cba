// Guards that the package works on other versions of Node than the one that runs the tests: the
// registry has each version's program as a package. Installs them beside, and runs the tests of the
// package and of its main features with each. A version that cannot be had is skipped, and its name
// says so.

const { spawnSync } = require('node:child_process')
const { existsSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { testWhere } = require('./support/where-possible.js')

const root = join(__dirname, '..')
const FEATURES = [
  ...['package.test', 'module.test', 'errors.test', 'level.test', 'leveldb-adapter.test'],
  ...['maintenance.test', 'metrics.test', 'doctor.test', 'faults.test', 'lifetime.test'],
  ...['processes.test', 'follower.test', 'damage.test'],
]

let folder

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigil-vault-node-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const NAME = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

function npm(...args) {
  const windows = process.platform === 'win32'
  const options = { cwd: folder ?? root, encoding: 'utf8', shell: windows }
  return spawnSync(windows ? 'npm.cmd' : 'npm', args, options)
}

function whatIsMissing(version) {
  const { status, stdout } = npm('view', `${NAME}@${version}`, 'version')
  // No output and no failure is what npm says of a version that is not there.
  return status === 0 && stdout.trim() !== '' ? undefined : 'the registry does not give it'
}

function obtain(version) {
  const home = join(folder, version)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save']
  const { stderr } = npm('install', ...quiet, '--prefix', home, `${NAME}@${version}`)
  const program = join(home, 'node_modules', NAME, 'bin', 'node')
  if (!existsSync(program)) throw new Error(stderr)
  return program
}

for (const version of ['18', '20', '22', '24', '26']) {
  testWhere(whatIsMissing(version))(`the package and its features on Node ${version}`, () => {
    const program = obtain(version)
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
    process.stdout.write(`figure: Node ${said}: ${passed} tests passed\n`)
    if (status !== 0) throw new Error(stderr)
    expect(Number(passed)).toBeGreaterThan(100)
  })
}
