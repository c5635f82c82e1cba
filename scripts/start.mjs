// `npm start`: sets the clone up, then runs the service in this process, so that signals reach it. What
// the command line asks is answered without that.

import commandLine from '../server/command-line.js'
import { ensureAddon, ensureDependencies } from './setup.mjs'

/** Milliseconds. */
const LOOK = 500

const status = commandLine.answer(process.argv.slice(2), process)
if (status === undefined) {
  ensureDependencies()
  ensureAddon()
  stopWithParent()
  await import('../server/main.js')
} else {
  process.exitCode = status
}

/** npm hands signals to a shell, which may end without handing them on. */
function stopWithParent() {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, LOOK)
  timer.unref()
}
