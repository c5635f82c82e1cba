#!/usr/bin/env node
// The command line: `sigil-vault COMMAND …`. Each command is a file in cli/.

const { main } = require('../cli/main.js')

main(process.argv.slice(2), process).then((status) => {
  process.exitCode = status
})
