// `npm test`: sets the clone up, then runs everything that belongs to every change, one line a
// step. A step's output is shown when it fails, or always with `--verbose`; what a test measured, in
// lines that begin with `figure: `, always. `--long` adds the long forms. The last line sums up all
// runners.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ensureAddon, ensureDependencies, root } from './setup.mjs'

const long = process.argv.includes('--long')
const verbose = process.argv.includes('--verbose')
const scratch = mkdtempSync(join(tmpdir(), 'sigil-vault-test-'))
const jestReport = join(scratch, 'jest.json')
const examples = 'cargo test -p sigil-leveldb --doc'
const nextest = spawnSync('cargo', ['nextest', '--version']).status === 0

const clippy = 'clippy --workspace --all-targets -- -D warnings'

const steps = [
  { name: 'Rust format', run: ['cargo', 'fmt', '--all', '--check'] },
  { name: 'Rust lints', run: ['cargo', ...clippy.split(' ')] },
  { name: 'JavaScript format and lints', run: tool('@biomejs/biome/bin/biome', 'ci') },
  { name: 'types', run: tool('typescript/bin/tsc', '-p', '__test__/types') },
  {
    name: 'jest',
    run: tool('jest/bin/jest.js', '--ci', '--json', `--outputFile=${jestReport}`),
    count: countJest,
  },
  {
    name: "abstract-level's tests of Level",
    run: [process.execPath, '__test__/abstract-level/suite.tape.js'],
    count: countTape,
  },
  { name: 'Rust tests', run: ['cargo', ...rustTests()], count: countRust },
  // nextest runs none of them; cargo test alone would.
  ...(nextest ? [{ name: 'Rust examples', run: examples.split(' '), count: countRust }] : []),
  ...(long && hasSanitizer()
    ? [{ name: 'thread sanitizer', run: ['sh', 'scripts/thread-sanitizer.sh'], count: countRust }]
    : []),
]

// It builds the standard library as well, from a source that `rustup component add rust-src` brings.
function hasSanitizer() {
  if (process.platform === 'win32') return false
  const { stdout } = spawnSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' })
  return existsSync(join(stdout?.trim() ?? '', 'lib/rustlib/src/rust/library/Cargo.lock'))
}

function tool(path, ...args) {
  return [process.execPath, join('node_modules', path), ...args]
}

function rustTests() {
  if (nextest) {
    const ignored = long ? ['--run-ignored', 'all'] : []
    return ['nextest', 'run', '--workspace', '--no-fail-fast', ...ignored]
  }
  const ignored = long ? ['--', '--include-ignored'] : []
  return ['test', '--workspace', '--no-fail-fast', ...ignored]
}

function countJest() {
  const report = JSON.parse(readFileSync(jestReport, 'utf8'))
  // A file that does not even load has no failed tests to count.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites
  return { passed: report.numPassedTests, failed }
}

function countTape(output) {
  const sum = (name) => Number(new RegExp(`^# ${name} +(\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  return { passed: sum('pass'), failed: sum('fail') }
}

function countRust(output) {
  const plain = stripVTControlCharacters(output)
  const lines = plain.split('\n').filter((line) => /^\s*Summary \[|^test result:/.test(line))
  const sum = (pattern) =>
    lines.reduce((total, line) => total + Number(pattern.exec(line)?.[1] ?? 0), 0)
  return {
    passed: sum(/(\d+) passed/),
    failed: sum(/(\d+) failed/) + sum(/(\d+) timed out/),
  }
}

function runStep({ name, run: [command, ...args], count }) {
  const started = Date.now()
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    // A hang is a failure too.
    timeout: (long ? 90 : 20) * 60_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...(long && { SIGIL_LONG: '1' }) },
  })
  const output = `${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`
  const ok = status === 0
  const counts = count ? attempt(() => count(output)) : { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
  // A runner that failed without a failed test, or said nothing, has failed all the same.
  if (!ok && counts.failed === 0) counts.failed = 1
  if (ok && counts.passed === 0) counts.failed += 1
  if (verbose || counts.failed > 0) process.stdout.write(output)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  const mark = counts.failed > 0 ? 'FAILED' : 'ok'
  say(`${mark.padEnd(6)} ${name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds} s`)
  for (const [, figure] of output.matchAll(/^figure: (.+)$/gm)) say(`       ${figure}`)
  return counts
}

function attempt(count) {
  try {
    return count()
  } catch {
    return { passed: 0, failed: 0 }
  }
}

function say(line) {
  process.stdout.write(`${line}\n`)
}

try {
  ensureDependencies()
  ensureAddon()
  if (long && !hasSanitizer()) say('skipped thread sanitizer: it needs the component rust-src')
  const totals = { passed: 0, failed: 0 }
  for (const step of steps) {
    const { passed, failed } = runStep(step)
    totals.passed += passed
    totals.failed += failed
  }
  process.exitCode = totals.failed > 0 ? 1 : 0
  say(`${totals.passed} passed, ${totals.failed} failed`)
} catch (error) {
  say(error.message)
  say('0 passed, 1 failed')
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
