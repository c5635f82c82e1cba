// `sigil-vault doctor DIR [--fix] [--json]`: reports records that an old caller's mistake misfiled,
// and with `--fix` moves them; reports records that are not JSON.

const { parseArgs } = require('node:util')
const { doctor } = require('../lib/doctor.js')
const { errorOf } = require('../lib/errors.js')

const summary = 'find records that an old mistake misfiled, and records that are not JSON'
const usage = 'sigil-vault doctor DIR [--fix] [--json]'
const help = `Finds records that an old caller's mistake put under a wrong key, and records that are not JSON,
which stop every listing. Looking changes nothing and needs no lock.

  --fix   move what is misfiled to the key that it was meant for, never over another
  --json  the report as one line of JSON

What is not JSON is left as it is: only you can say what it was. deleteSigilRecord removes it.

The status is 0 when nothing is left to do; 1 when something is; 2 when it could not work.
`

const WORDS = {
  movable: 'can be moved',
  moved: 'moved',
  taken: 'left where it is: there is a record already',
}

async function run(args, out) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { fix: { type: 'boolean' }, json: { type: 'boolean' } },
  })
  if (positionals.length !== 1)
    throw errorOf('INVALID_PARAMETERS', `usage: ${usage}`, { operation: 'doctor' })
  const report = await doctor(positionals[0], { fix: values.fix })
  out.write(values.json ? `${JSON.stringify(report)}\n` : inWords(report))
  const isPlaced = report.misfiled.every(({ outcome }) => outcome === 'moved')
  return isPlaced && report.unreadable.length === 0 ? 0 : 1
}

function inWords({ fix, examined, misfiled, unreadable }) {
  const lines = misfiled.map(
    ({ key, meant, outcome }) =>
      `${JSON.stringify(key)}\n  meant: ${placeOf(meant)}\n  ${WORDS[outcome]}\n`,
  )
  lines.push(
    ...unreadable.map(
      ({ key, name }) => `${JSON.stringify(key)}\n  record: ${placeOf(name)}\n  is not JSON\n`,
    ),
  )
  const movable = misfiled.some(({ outcome }) => outcome === 'movable')
  const advice = movable && !fix ? 'Nothing was changed; --fix moves them.\n' : ''
  const found = `${misfiled.length} misfiled, ${unreadable.length} not JSON, among ${examined} keys.\n`
  return `${lines.join('')}${found}${advice}`
}

function placeOf({ tenant, symbol, authHash }) {
  const parts = { tenant, symbol, hash: authHash }
  return Object.entries(parts)
    .filter(([, value]) => (value ?? undefined) !== undefined)
    .map(([part, value]) => `${part} ${JSON.stringify(value)}`)
    .join(', ')
}

module.exports = { help, run, summary, usage }
