// `npm run full-disk [-- MIB…]`: fills file systems in memory with a store of default options, deletes
// from it, compacts, and says whether it writes again on the same handle. Mounting needs Linux and root.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmdirSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LevelDBSigilAdapter } from '../index.mjs'

const TOGETHER = 64
const SIZES = [300, 3_000, 60_000]
const DELETED = {
  all: () => true,
  'the older half': (n, count) => n < count / 2,
  'a random half': (n) => scattered(n) % 2 === 0,
  'nine in ten': (n) => scattered(n) % 10 !== 0,
}

const disks = process.argv.slice(2).map(Number)
for (const mebibytes of disks.length > 0 ? disks : [8, 16, 64, 256]) {
  for (const size of SIZES) {
    for (const what of Object.keys(DELETED)) {
      const path = mkdtempSync(join(tmpdir(), 'full-disk-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path])
      try {
        const outcome = await fillAndDelete(path, size, DELETED[what])
        process.stdout.write(`${mebibytes} MiB, records of ${size}, ${what} deleted: ${outcome}\n`)
      } finally {
        execFileSync('umount', [path])
        rmdirSync(path)
      }
    }
  }
}

async function fillAndDelete(path, size, isDeleted) {
  const store = new LevelDBSigilAdapter(join(path, 'db'))
  const hashOf = (n) => String(n).padStart(8, '0')
  // Does not compress.
  const put = (n) =>
    store.setSigilRecord('t', 's', hashOf(n), { text: randomBytes(size * 0.75).toString('base64') })
  let count = 0
  let refused
  while (refused === undefined) {
    const writes = Array.from({ length: TOGETHER }, (_, n) => put(count + n))
    const outcomes = await Promise.allSettled(writes)
    refused = outcomes.find(({ status }) => status === 'rejected')?.reason
    count += TOGETHER
  }
  const written = await store.countSigilRecords('t')
  try {
    for (let n = 0; n < count; n++) {
      if (isDeleted(n, count)) await store.deleteSigilRecord('t', 's', hashOf(n))
    }
    const left = await store.countSigilRecords('t')
    await store.compact()
    await writesAgain(store)
    return `${refused.code} at ${written}, ${left} left, ${free(path)} MiB free, writes again`
  } catch (error) {
    return `${refused.code} at ${written}, then ${error.code} of ${error.operation}`
  } finally {
    await store.close()
  }
}

/** The space put aside is put aside again in the background, twice a second. */
async function writesAgain(store) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await store.setSigilRecord('t', 's', 'after', { n: 1 })
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

function free(path) {
  const { bavail, bsize } = statfsSync(path)
  return ((bavail * bsize) / (1 << 20)).toFixed(1)
}

function scattered(n) {
  return Math.imul(n, 2_654_435_761) >>> 8
}
