// Keeps the house in order: what nobody would notice in review until it has spread.

const { execFileSync } = require('node:child_process')
const { existsSync, readFileSync, readdirSync, statSync } = require('node:fs')
const { dirname, join } = require('node:path')

const root = join(__dirname, '..')
const read = (file) => readFileSync(join(root, file), 'utf8')

// What git knows or would add, in a clone; everything but dependencies and outputs elsewhere.
const files = listFiles().filter((file) => existsSync(join(root, file)))

function listFiles() {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
  return existsSync(join(root, '.git'))
    ? execFileSync('git', args, options).split('\0').filter(Boolean)
    : walk('.')
}

function walk(folder) {
  const skipped = ['node_modules', 'target', '.git', 'coverage']
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.includes(entry.name)) return []
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`
    return entry.isDirectory() ? walk(path) : [path]
  })
}

const code = files.filter((file) => /\.([cm]?[jt]s|rs|sh|ya?ml)$|^\.ci\//.test(file))
const documents = files.filter((file) => file.endsWith('.md'))

test('no file has become a place', () => {
  const handWritten = code.filter((file) => !/\.d\.[cm]?ts$|fixtures\//.test(file))
  const long = handWritten.filter((file) => read(file).split('\n').length > 500)
  expect(long).toEqual([])
})

test('nothing is left for later', () => {
  const marks = new RegExp(
    `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`,
  )
  expect([...code, ...documents].filter((file) => marks.test(read(file)))).toEqual([])
})

test('the lock file says nothing of where packages came from', () => {
  expect(read('package-lock.json')).not.toContain('"resolved"')
  expect(read('.npmrc')).toContain('omit-lockfile-registry-resolved=true')
})

test('no file names a folder of the machine it was written on', () => {
  const machine = new RegExp(
    `(^|[\\s"'(=])/(${['home', 'root', 'Users', 'work'].join('|')})/\\w`,
    'm',
  )
  const text = [...code, ...documents, ...files.filter((file) => /\.(json|toml)$/.test(file))]
  expect(text.filter((file) => machine.test(read(file)))).toEqual([])
})

test('links in documents lead somewhere', () => {
  const dead = documents.flatMap((file) => {
    const prose = read(file).replaceAll(/```[\s\S]*?```/g, '')
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target.split('#')[0])
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(root, dirname(file), target)))
      .map((target) => `${file}: ${target}`)
  })
  expect(dead).toEqual([])
})

test('dependencies between crates run one way', () => {
  const crates = readdirSync(join(root, 'crates')).filter((name) =>
    statSync(join(root, 'crates', name)).isDirectory(),
  )
  const manifest = (name) => read(`crates/${name}/Cargo.toml`)
  const packages = crates.map((name) => /^name = "(.+)"$/m.exec(manifest(name))[1])
  const wrong = crates.flatMap((name) => {
    const dependencies = [...manifest(name).matchAll(/^([\w-]+)(?:\.workspace)? = (?=["{t])/gm)]
      .map(([, dependency]) => dependency)
      .filter((dependency) => !['name', 'description'].includes(dependency))
    return dependencies
      .filter((dependency) => {
        if (/^napi/.test(dependency) || dependency === 'sigil-vault') return true
        return name === 'leveldb' && packages.includes(dependency)
      })
      .map((dependency) => `${name} depends on ${dependency}`)
  })
  expect(wrong).toEqual([])
})

test('only the binding knows napi', () => {
  const sources = files.filter((file) => file.startsWith('crates/') && file.endsWith('.rs'))
  expect(sources.filter((file) => /\bnapi(::|_derive)/.test(read(file)))).toEqual([])
})

test('one version, and one package for every platform that is built', () => {
  const { version, napi } = JSON.parse(read('package.json'))
  expect(/^version = "(.+)"$/m.exec(read('Cargo.toml'))[1]).toBe(version)
  const platforms = readdirSync(join(root, 'npm'))
  expect(platforms).toHaveLength(napi.targets.length)
  for (const platform of platforms) {
    const manifest = JSON.parse(read(`npm/${platform}/package.json`))
    expect(manifest).toMatchObject({ name: `sigil-vault-${platform}`, version })
  }
  const built = napi.targets.filter((target) =>
    read('.github/workflows/build.yml').includes(target),
  )
  expect(built).toEqual(napi.targets)
})
