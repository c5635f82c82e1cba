// `sigil-vault doctor DIR [--fix] [--json]`: reports records that an old caller's mistake misfiled;
// with `--fix`, moves them.

const { parseArgs } = require('node:util')
const { doctor } = require('../lib/doctor.js')
const { errorOf } = require('../lib/errors.js')

const summary = 'find records that an old mistake put under a wrong key'
const usage = 'sigil-vault doctor DIR [--fix] [--json]'
const help = `Finds records that an old caller's mistake put under a wrong key. Looking changes nothing and
needs no lock.

  --fix   move each to the key that it was meant for, never over another
  --json  the report as one line of JSON

The status is 0 when nothing is misfiled, or is any more; 1 when something is left to do; 2 when it
could not work.
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
  if (positionals.length !== 1) throw errorOf('INVALID_PARAMETERS', `usage: ${usage}`)
  const report = await doctor(positionals[0], { fix: values.fix })
  out.write(values.json ? `${JSON.stringify(report)}\n` : inWords(report))
  return report.misfiled.every(({ outcome }) => outcome === 'moved') ? 0 : 1
}

function inWords({ fix, examined, misfiled }) {
  const lines = misfiled.map(({ key, meant, outcome }) => {
    const place = `symbol ${JSON.stringify(meant.symbol)}, hash ${JSON.stringify(meant.authHash)}`
    return `${JSON.stringify(key)}\n  meant: ${place}\n  ${WORDS[outcome]}\n`
  })
  const movable = misfiled.some(({ outcome }) => outcome === 'movable')
  const advice = movable && !fix ? 'Nothing was changed; --fix moves them.\n' : ''
  const found = `${misfiled.length} misfiled among ${examined} keys.\n`
  return `${lines.join('')}${found}${advice}`
}

module.exports = { help, run, summary, usage }
