// Finds the command and says how to use it. A command returns its exit status: 0 when all is well,
// 1 when it found something that is left to do; 2, from here, when it could not work.

const { SigilError } = require('../lib/errors.js')
const { version } = require('../package.json')

const COMMANDS = {
  doctor: () => require('./doctor.js'),
}

const USAGE = `usage: sigil-vault COMMAND | --help | --version

commands:
${Object.entries(COMMANDS)
  .map(([name, load]) => `  ${name.padEnd(10)} ${load().summary}`)
  .join('\n')}
`

/**
 * @param {string[]} args
 * @param {{ stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream }} streams
 */
async function main([name, ...args], { stdout, stderr }) {
  if (name === '--help' || name === '-h') {
    stdout.write(USAGE)
    return 0
  }
  if (name === '--version' || name === '-v') {
    stdout.write(`sigil-vault ${version}\n`)
    return 0
  }
  if (!Object.hasOwn(COMMANDS, name ?? '')) {
    stderr.write(name === undefined ? USAGE : `there is no command ${name}\n\n${USAGE}`)
    return 2
  }
  const command = COMMANDS[name]()
  if (args.includes('--help') || args.includes('-h')) {
    stdout.write(`usage: ${command.usage}\n\n${command.help}`)
    return 0
  }
  try {
    return await command.run(args, stdout)
  } catch (error) {
    // parseArgs has codes of its own.
    if (String(error.code).startsWith('ERR_PARSE_ARGS')) {
      stderr.write(`${error.message}\nusage: ${command.usage}\n`)
      return 2
    }
    if (!(error instanceof SigilError)) throw error
    stderr.write(`${error.code}: ${error.message}\n`)
    return 2
  }
}

module.exports = { main }
