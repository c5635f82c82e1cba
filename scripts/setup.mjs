// Brings a clone to the state in which it can run: npm dependencies and the native addon. Both are
// remembered by the content they were made from, so that a second run costs nothing. Uses nothing
// but Node itself, because on a fresh clone there is nothing else.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stamps = join(root, 'node_modules', '.cache', 'sigil-vault')

/** Installs what package-lock.json names, unless exactly that is installed. */
export function ensureDependencies() {
  const wanted = digest(['package-lock.json', '.npmrc'])
  if (readStamp('dependencies') === wanted) return
  say('installing npm dependencies')
  run(npm(), ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeStamp('dependencies', wanted)
}

/** Builds the addon for this machine, unless it was built from these sources. */
export function ensureAddon() {
  const sources = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'package.json', ...rustSources()]
  const wanted = `${digest(sources)} ${process.platform} ${process.arch}`
  const present = readdirSync(root)
  const built = present.includes('native.js') && present.some((file) => file.endsWith('.node'))
  if (built && readStamp('addon') === wanted) return
  requireCargo()
  say('building the addon')
  run(process.execPath, [join('node_modules', '@napi-rs', 'cli', 'dist', 'cli.js'), ...napiBuild])
  writeStamp('addon', wanted)
}

const napiBuild = 'build --platform --release --js native.js --dts native.d.ts'.split(' ')

function requireCargo() {
  if (spawnSync('cargo', ['--version']).status === 0) return
  throw new Error(
    'cargo is not on the PATH. The addon is written in Rust: install Rust 1.93 or newer ' +
      '(rustup, or the packages of your system) and a C compiler, then run this again.',
  )
}

function rustSources() {
  const files = walk('src')
  for (const crate of readdirSync(join(root, 'crates'))) {
    files.push(`crates/${crate}/Cargo.toml`, ...walk(`crates/${crate}/src`))
  }
  return files.sort()
}

function walk(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? walk(path) : [path]
  })
}

function digest(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function readStamp(name) {
  const file = join(stamps, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function writeStamp(name, value) {
  mkdirSync(stamps, { recursive: true })
  writeFileSync(join(stamps, name), value)
}

function run(command, args) {
  const shell = process.platform === 'win32' && command.endsWith('.cmd')
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`, { cause: error })
}

export function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm'
}

function say(what) {
  process.stdout.write(`… ${what}\n`)
}
