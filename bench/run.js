// `npm start [-- ROUNDS [SCALE [CONTENDER…]]]`: all contenders side by side, in rounds, each in a
// process of its own; prints medians and what they are to those of classic-level.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contenders } from './contenders.js'
import { machine, table } from './report.js'
import { measure } from './workloads.js'

const [role, ...rest] = process.argv.slice(2)
if (role === '--child') await child(...rest)
else await rounds(Number(role ?? 5), Number(rest[0] ?? 1), rest.slice(1))

async function rounds(count, scale, chosen) {
  const names = chosen.length > 0 ? chosen : Object.keys(contenders)
  const results = new Map(names.map((name) => [name, []]))
  for (let round = 0; round < count; round++) {
    for (const name of names) results.get(name).push(await inChild(name, scale))
  }
  process.stdout.write(`${machine()}; medians of ${count} rounds\n\n${table(results)}`)
}

function inChild(name, scale) {
  const script = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [script, '--child', name, String(scale)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output))
      else reject(new Error(`${name} ended with ${code}`))
    })
  })
}

async function child(name, scale) {
  const directory = mkdtempSync(join(process.env.BENCH_DIR ?? process.cwd(), 'bench-'))
  try {
    const open = async (sub) => {
      const path = join(directory, sub)
      await mkdir(path)
      return contenders[name](path)
    }
    process.stdout.write(JSON.stringify(await measure(open, Number(scale))))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
