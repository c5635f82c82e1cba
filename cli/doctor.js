// `sigil-vault doctor DIR [--fix] [--json]`: reports records that an old caller's mistake misfiled;
// with `--fix`, moves them.

const { parseArgs } = require('node:util')
const { doctor } = require('../lib/doctor.js')
const { errorOf } = require('../lib/errors.js')

const summary = 'find records that an old mistake put under a wrong key'
const usage = 'sigil-vault doctor DIR [--fix] [--json]'

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
  return `${lines.join('')}${misfiled.length} of ${examined} records are misfiled.\n${advice}`
}

module.exports = { run, summary, usage }
