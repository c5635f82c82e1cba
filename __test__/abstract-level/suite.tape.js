// abstract-level's own tests, whole and unmodified. They are written for tape, so they run in a
// process of their own: `node __test__/abstract-level/suite.tape.js`.

const suite = require('abstract-level/test')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { Level } = require('sigil-vault')
const test = require('tape')

const scratch = mkdtempSync(join(tmpdir(), 'sigil-vault-level-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

let count = 0
suite({
  test,
  factory: (options) => new Level(join(scratch, `db-${count++}`), options),
})
