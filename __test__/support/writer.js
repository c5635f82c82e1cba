// A process that writes until it is killed: `node writer.js PACKAGE PATH ROUND HISTORY`. Before, it
// checks what earlier rounds have acknowledged: HISTORY is the JSON of a list of the last number
// that each did. It says `ready`, then each number when its writes are acknowledged.

const { writeSync } = require('node:fs')
const { checkHistory, textOf } = require('./written.js')

const [, , from, path, round, history] = process.argv
const { Level, ClassicLevel } = require(from)

async function main() {
  const db = new (Level ?? ClassicLevel)(path, { writeBufferSize: 64 << 10 })
  await checkHistory(db, JSON.parse(history))
  writeSync(1, 'ready\n')
  for (let n = 0; ; n++) {
    await db.batch([
      { type: 'put', key: `round-${round}-${n}`, value: textOf(round, n) },
      { type: 'put', key: `latest-${round}`, value: String(n) },
      { type: 'del', key: `deleted-${round}-${n - 1}` },
    ])
    await db.put(`deleted-${round}-${n}`, 'x')
    if (n % 100 === 99) await db.del(`round-${round}-${n - 50}`)
    writeSync(1, `${n}\n`)
  }
}

main()
