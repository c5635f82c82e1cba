// The service in a process of its own, as `npm start` runs it.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { join } = require('node:path')

const main = join(__dirname, '..', '..', 'server', 'main.js')

/** Starts it in an environment, in memory and on a free port unless that says otherwise. */
function start(env, { command = process.execPath, args = [main], ...options } = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, SIGIL_STORAGE_BACKEND: 'memory', PORT: '0', ...env },
    ...options,
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return { child, output, ended }
}

async function addressOf({ child, output, ended }) {
  for (;;) {
    const found = /"msg":"Server listening at (http:[^"]+)"/.exec(output.stdout)
    if (found) return found[1]
    const end = await Promise.race([once(child.stdout, 'data').then(() => undefined), ended])
    if (end !== undefined) throw new Error(`it did not start: ${end.stderr}`)
  }
}

function mint(base, fields) {
  return fetch(`${base}/api/consciousness/sigils`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  })
}

module.exports = { addressOf, mint, start }
