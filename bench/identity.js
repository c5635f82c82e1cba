// `npm run identity [-- COUNT…]`: an identity against what it did before, each in a process of its
// own: the time of an encode and of a sweep in which nothing is due, and the bytes that the sweep
// gives to the system to write (Linux counts them).

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaselineIdentity } from './identity-baseline.js'
import { machine } from './report.js'

const require = createRequire(import.meta.url)
const COUNTERS = '/proc/self/io'
const ENCODES = { before: [200, 50, 10], now: [2000, 2000, 2000] }
const SWEEPS = 3

const dataOf = (n) => ({ n, text: `a memory of something that was said, number ${n}` })

function compare(counts) {
  const rows = counts.map((count, at) => {
    const [before, now] = ['before', 'now'].map((which) => inChild(which, count, at))
    const cell = (what) => `${before[what]} | ${now[what]}`
    return `| ${count.toLocaleString('en')} | ${cell('encode')} | ${cell('sweep')} | ${cell('bytes')} |\n`
  })
  process.stdout.write(
    `${machine()}\n\n| memories | encode, µs: before | now | sweep, ms: before | now | bytes a sweep writes: before | now |\n` +
      `| --- | --- | --- | --- | --- | --- | --- |\n${rows.join('')}`,
  )
}

function inChild(which, count, at) {
  const directory = mkdtempSync(join(process.env.BENCH_DIR ?? process.cwd(), 'identity-'))
  const script = fileURLToPath(import.meta.url)
  const encodes = ENCODES[which][at] ?? 10
  const args = ['--measure', which, directory, count, encodes].map(String)
  try {
    const options = { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' }
    const { status, stdout } = spawnSync(process.execPath, [script, ...args], options)
    if (status !== 0) throw new Error(`${which} ended with ${status}`)
    return JSON.parse(stdout)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measure(which, directory, count, encodes) {
  const { identity, close } = await open[which](directory, Number(count))
  const encode = await median(Number(encodes), (n) => identity.encodeSigilMemory(dataOf(-n)))
  const before = written()
  const sweep = await median(SWEEPS, () => identity.processMemoryDecay())
  const bytes = Math.round((written() - before) / SWEEPS)
  await close()
  process.stdout.write(
    JSON.stringify({
      encode: (encode * 1000).toFixed(1),
      sweep: sweep.toFixed(3),
      bytes: bytes.toLocaleString('en'),
    }),
  )
}

const open = {
  async before(directory, count) {
    const identity = new BaselineIdentity(directory)
    await identity.fill(count, dataOf)
    return { identity, close: () => identity.close() }
  },

  async now(directory, count) {
    const { LevelDBSigilAdapter, SigilIdentity } = require('../index.js')
    const store = new LevelDBSigilAdapter(directory)
    const identity = new SigilIdentity(store, { memoryConfig: { maxSigils: 2 * count + 10_000 } })
    for (let at = 0; at < count; at += 1000) {
      const part = Array.from({ length: Math.min(1000, count - at) }, (_, n) =>
        identity.encodeSigilMemory(dataOf(at + n)),
      )
      await Promise.all(part)
    }
    return { identity, close: () => store.close() }
  },
}

async function median(times, body) {
  const took = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await body(n)
    took.push(performance.now() - began)
  }
  return took.sort((one, other) => one - other)[times >> 1]
}

/** Bytes that this process has given to the system to write. */
function written() {
  if (!existsSync(COUNTERS)) return Number.NaN
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(COUNTERS, 'utf8'))[1])
}

const [first, ...rest] = process.argv.slice(2)
if (first === '--measure') await measure(...rest)
else compare(first === undefined ? [1000, 10_000, 100_000] : [first, ...rest].map(Number))
