// Guards that `require` and `import` give the very same classes, under the package's own name.

const { execFileSync } = require('node:child_process')
const { join } = require('node:path')
const api = require('sigil-vault')

const root = join(__dirname, '..')

function asModule(code) {
  const args = ['--input-type=module', '--eval', code]
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
}

test('import names everything that require gives', () => {
  const names = asModule(
    `import * as all from 'sigil-vault'; process.stdout.write(Object.keys(all).sort().join())`,
  )
  expect(names.split(',')).toEqual([...Object.keys(api), 'default'].sort())
})

test('both ways lead to the same classes', () => {
  const same = asModule(`
    import { createRequire } from 'node:module'
    import api, * as all from 'sigil-vault'
    const required = createRequire(process.cwd() + '/x.js')('sigil-vault')
    process.stdout.write(String(Object.keys(required).every((name) => required[name] === all[name]) && api === required))
  `)
  expect(same).toBe('true')
})

test('loading the package prints nothing and keeps nothing running', () => {
  const code = `require('sigil-vault')`
  const args = ['--eval', code]
  expect(execFileSync(process.execPath, args, { cwd: root, timeout: 5000 }).length).toBe(0)
})
