// Says what a built addon for GNU/Linux needs of its surroundings, and fails when that is more than
// a package may: `node scripts/check-addon.mjs FILE…`. Reads the names in the file itself, so it
// needs no tools and works for other machines' addons.

import { readFileSync } from 'node:fs'
import { argv, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'

/** What Node 18 and later need themselves. */
const NEWEST_GLIBC = [2, 28]

/** The newest version of glibc that an addon asks for, and whether it is without debug information. */
export function examine(file) {
  const text = readFileSync(file, 'latin1')
  const asked = [...text.matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(([, ...parts]) => parts.map(Number))
  const newest = asked.reduce((most, one) => (isNewer(one, most) ? one : most), [0, 0])
  return {
    glibc: newest.join('.'),
    portable: !isNewer(newest, NEWEST_GLIBC),
    stripped: !/\0\.(symtab|debug_info)\0/.test(text),
  }
}

function isNewer([major, minor], [otherMajor, otherMinor]) {
  return major > otherMajor || (major === otherMajor && minor > otherMinor)
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of argv.slice(2)) {
    const { glibc, portable, stripped } = examine(file)
    stdout.write(`${file}: needs glibc ${glibc}, ${stripped ? 'stripped' : 'not stripped'}\n`)
    if (!portable || !stripped) process.exitCode = 1
  }
}
