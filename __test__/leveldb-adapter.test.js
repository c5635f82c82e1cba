// The LevelDB adapter keeps the contract that every store keeps; what is its own is tested beside.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { LevelDBSigilAdapter } = require('sigil-vault')
const { contractSuite } = require('./contract/suite.js')

const scratch = mkdtempSync(join(tmpdir(), 'sigil-vault-adapter-'))
let count = 0
const fresh = () => join(scratch, `db-${count++}`)

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

contractSuite('LevelDBSigilAdapter', { create: () => new LevelDBSigilAdapter(fresh()) })
