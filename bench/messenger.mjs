// The messenger's storage beside what a user would have without it, in one run:
//
//   npm run messenger -- [messages] [--durability=sync|process]
//
// Contenders: `StorageEngine`; node:crypto in front of classic-level, as the messenger's design has
// it but with its index in one batch; SQLite with encryption, one table with its indexes. Every
// contender gets the same messages in the same order, in its own natural use. The order of
// contenders changes from round to round; what is printed is the median of the rounds.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as classic from './messenger/classic-contender.mjs'
import { bytesOf, messageOf, peerOf, perSecond, perSecondForAWhile } from './messenger/measure.mjs'
import * as ours from './messenger/our-contender.mjs'
import * as sqlite from './messenger/sqlite-contender.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    durability: { type: 'string', default: 'sync' },
    rounds: { type: 'string', default: '3' },
  },
})
const COUNT = Number(positionals[0] ?? 100_000)
const FEW = Math.min(COUNT, 2_000)

const contenders = []
for (const contender of [ours, classic, sqlite]) {
  if (await contender.isThere()) contenders.push(contender)
  else say(`${contender.NAME} is not installed`)
}

async function measure(contender) {
  const directory = mkdtempSync(join(tmpdir(), 'sigil-bench-'))
  const figures = {}
  try {
    let store = await contender.open(directory, values.durability)
    figures['save, 64 in flight'] = await perSecond(COUNT, 64, (n) => store.save(messageOf(n)))
    figures['save, one by one'] = await perSecond(FEW, 1, (n) => store.save(messageOf(COUNT + n)))
    await store.close()
    figures['open, ms'] = await milliseconds(async () => {
      store = await contender.open(directory, values.durability)
    })
    figures['bytes on disk a message'] = bytesOf(directory) / (COUNT + FEW)
    const some = (n) => `message-${(n * 7_919) % COUNT}`
    // All of them for the first time after opening, and then once more.
    figures['first get, 64 in flight'] = await perSecond(COUNT, 64, (n) => store.get(some(n)))
    figures['get, 64 in flight'] = await perSecond(COUNT, 64, (n) => store.get(some(n)))
    figures['get, one by one'] = await perSecond(COUNT, 1, (n) => store.get(some(n)))
    figures['last 50 of a peer'] = await perSecond(FEW, 1, (n) => store.byPeer(peerOf(n)))
    figures['recent 100'] = await perSecond(FEW, 1, () => store.recent())
    figures.stats = await perSecondForAWhile(() => store.stats())
    figures['backup, ms'] = await milliseconds(() => store.backup(join(directory, 'backup')))
    await store.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return figures
}

async function milliseconds(body) {
  const begun = process.hrtime.bigint()
  await body()
  return Number(process.hrtime.bigint() - begun) / 1e6
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

function say(line) {
  process.stdout.write(`${line}\n`)
}

const runs = new Map(contenders.map(({ NAME }) => [NAME, []]))
for (let round = 0; round < Number(values.rounds); round++) {
  for (let index = 0; index < contenders.length; index++) {
    const contender = contenders[(index + round) % contenders.length]
    runs.get(contender.NAME).push(await measure(contender))
  }
}

const [first] = runs.values()
say(`${COUNT} messages, durability ${values.durability}; a second unless it is said otherwise`)
say(`| work | ${[...runs.keys()].join(' | ')} |`)
say(`| --- |${' --- |'.repeat(runs.size)}`)
for (const work of Object.keys(first[0])) {
  const figures = [...runs.values()].map((rounds) => median(rounds.map((round) => round[work])))
  say(`| ${work} | ${figures.map((figure) => Math.round(figure).toLocaleString()).join(' | ')} |`)
}
