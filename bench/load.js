// `npm run load [-- ROWS [CONTENDER…]]`: loads rows one by one and says how long single puts took,
// how late the event loop was, what the store takes in memory and on the disk, how long it takes to
// open it again, and how fast it then answers gets with default caches. Each contender has a
// process of its own for the load and another one for what comes after.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { bytesOnDisk, contenders, loadPackage } from './contenders.js'
import { machine } from './report.js'
import { keyOf, smallRecord } from './workloads.js'

const GETS = 100_000
const GET = 'get, 64 in flight, per second'
const DEFAULT = ['adapter', 'Level', 'classic-level', 'lmdb, noSync', 'better-sqlite3']

const [first, ...rest] = process.argv.slice(2)
if (first === '--load') await load(...rest)
else if (first === '--after') await after(...rest)
else compare(Number(first ?? 1_000_000), rest.length > 0 ? rest : DEFAULT)

function compare(rows, names) {
  const columns = names.map((name) => {
    const directory = mkdtempSync(join(process.env.BENCH_DIR ?? process.cwd(), 'load-'))
    try {
      const loaded = inChild('--load', name, directory, rows)
      const after = inChild('--after', name, directory, rows)
      // Some of them compact when they are opened, beside the gets of the process before.
      const { [GET]: settled } = inChild('--after', name, directory, rows)
      return { name, ...loaded, ...after, [`${GET}, opened again`]: settled }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
  const lines = Object.keys(columns[0]).map((line) => [line, ...columns.map((one) => one[line])])
  lines.splice(1, 0, ['---', ...columns.map(() => '---')])
  const table = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
  process.stdout.write(`${machine()}; ${rows.toLocaleString('en')} rows\n\n${table}`)
}

function inChild(role, name, directory, rows) {
  const script = fileURLToPath(import.meta.url)
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--expose-gc', script, role, name, directory, rows],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return JSON.parse(stdout)
}

async function load(name, directory, rows) {
  const store = await contenders[name](directory)
  globalThis.gc()
  const before = process.memoryUsage().rss
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const latencies = new Float64Array(Number(rows))
  delay.enable()
  const began = performance.now()
  for (let number = 0; number < latencies.length; number++) {
    const start = process.hrtime.bigint()
    await store.put(keyOf(number), smallRecord(number))
    latencies[number] = Number(process.hrtime.bigint() - start) / 1e3
  }
  const seconds = (performance.now() - began) / 1e3
  delay.disable()
  const memory = process.memoryUsage().rss - before - latencies.byteLength
  latencies.sort()
  const at = (share) =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))]
  print({
    'puts per second': Math.round(latencies.length / seconds),
    'put p50, µs': at(0.5).toFixed(1),
    'put p99, µs': at(0.99).toFixed(1),
    'put p99.9, µs': at(0.999).toFixed(0),
    'slowest put, ms': (at(1) / 1e3).toFixed(1),
    // The resolution is part of every reading.
    'event loop late, p99, ms': (delay.percentile(99) / 1e6 - 1).toFixed(1),
    'memory, MB': (memory / 1e6).toFixed(0),
  })
  await store.close()
}

async function after(name, directory, rows) {
  const disk = await bytesOnDisk(directory)
  const began = performance.now()
  loadPackage(name)
  const loaded = performance.now()
  const store = await contenders[name](directory)
  const opened = performance.now()
  const random = pseudoRandom()
  const rate = async (count) => {
    let left = count
    const start = performance.now()
    const one = async () => {
      while (left-- > 0) await store.get(keyOf(Math.floor(random() * Number(rows))))
    }
    await Promise.all(Array.from({ length: 64 }, one))
    return count / ((performance.now() - start) / 1e3)
  }
  await rate(GETS / 10)
  print({
    'on the disk, MB': (disk / 1e6).toFixed(0),
    // Of our addon, which is loaded by the first call that needs it, opening has that as well.
    'load the package, ms': (loaded - began).toFixed(1),
    'open, ms': (opened - loaded).toFixed(1),
    [GET]: Math.round(await rate(GETS)),
  })
  await store.close()
}

/** The same numbers for every contender. */
function pseudoRandom() {
  let state = 42
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function print(figures) {
  process.stdout.write(JSON.stringify(figures))
}
