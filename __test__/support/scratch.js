// A folder for each test of a file, gone when the test is.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

/** Gives a function to be called inside of a test: the path of a name in the test's own folder. */
function scratchFolder() {
  let folder
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sigil-vault-scratch-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  return (name) => join(folder, name)
}

module.exports = { scratchFolder }
