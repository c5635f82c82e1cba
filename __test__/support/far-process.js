// A store or a `Level` in a process of its own, whose methods are called by name. Run as a program
// this file is that process.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { readFileSync, readdirSync } = require('node:fs')
const { setTimeout: delay } = require('node:timers/promises')

class FarProcess {
  #child
  #answers = new Map()
  #calls = 0

  /**
   * @param {'Level' | 'LevelDBSigilAdapter'} kind
   * @param {string} path
   * @param {Record<string, any>} [options]
   */
  constructor(kind, path, options = {}) {
    this.#child = fork(__filename, [kind, path, JSON.stringify(options)], { execArgv: [] })
    this.#child.on('message', ({ id, ...answer }) => {
      this.#answers.get(id)(answer)
      this.#answers.delete(id)
    })
    this.#child.on('exit', (status, signal) => {
      for (const tell of this.#answers.values()) tell({ error: { code: signal ?? status } })
      this.#answers.clear()
    })
  }

  get pid() {
    return this.#child.pid
  }

  /** The result of a method; where it rejects, an error with what the far one had. */
  async call(method, ...args) {
    const id = this.#calls++
    const { result, error } = await new Promise((resolve) => {
      this.#answers.set(id, resolve)
      this.#child.send({ id, method, args })
    })
    if (error) throw Object.assign(new Error(error.message), error)
    return result
  }

  /** Makes the process stand still wherever it is, each of its threads; on Linux. */
  async pause() {
    this.#child.kill('SIGSTOP')
    const tasks = `/proc/${this.pid}/task`
    const stands = (id) => /\) T /.test(readFileSync(`${tasks}/${id}/stat`, 'utf8'))
    while (!readdirSync(tasks).every(stands)) await delay(5)
  }

  resume() {
    this.#child.kill('SIGCONT')
  }

  /** Ends the process as nothing that it could notice. */
  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

function serve(kind, path, options) {
  const one = new (require('sigil-vault')[kind])(path, options)
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, result: await one[method](...args) })
    } catch ({ code, message, holder, cause }) {
      const inner = cause && { code: cause.code, holder: cause.holder }
      process.send({ id, error: { code, message, holder, cause: inner } })
    }
  })
  // Whoever asked for this process is gone.
  process.on('disconnect', () => process.exit())
}

if (require.main === module) serve(process.argv[2], process.argv[3], JSON.parse(process.argv[4]))

module.exports = { FarProcess }
