// What `/readyz` answers: whether the store can work and, where it cannot, why. A store's health
// tells of paths, and so do the messages of its errors; whoever asks gets the codes and what they
// mean, and the log gets the rest, whenever it becomes another.

const { wordsOf } = require('./http-errors.js')

/** Fields of a store's details that are numbers, codes and the like. */
const TOLD = [
  ...['backend', 'open', 'code', 'records', 'outOfSpace', 'reserveReleases', 'pendingMemtables'],
  ...['milliseconds', 'connections', 'idle', 'waiting'],
]
const TOLD_OF_JOBS = ['job', 'code', 'offset', 'errno', 'attempts', 'forMilliseconds', 'times']

/** A store's health as it is told to anybody. */
function readinessOf({ status, details }) {
  const told = pick(details, TOLD)
  if ('error' in details) told.error = wordsOf(details.code)
  for (const name of ['failures', 'faults']) {
    if (Array.isArray(details[name])) told[name] = details[name].map(jobOf)
  }
  return { status, details: told }
}

function jobOf(job) {
  return { ...pick(job, TOLD_OF_JOBS), message: wordsOf(job.code) }
}

function pick(from, names) {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  )
}

/** Tells the log of a store's health when that has changed; it is asked for every few seconds. */
class HealthLog {
  #last = 'healthy '

  note(log, health) {
    const codes = (health.details.failures ?? []).map(({ job, code }) => `${job} ${code}`)
    const now = [health.status, health.details.code, ...codes].join(' ')
    if (now === this.#last) return
    this.#last = now
    if (health.status === 'healthy') log.info({ health }, 'the store is healthy again')
    else log.warn({ health }, `the store is ${health.status}`)
  }
}

module.exports = { HealthLog, readinessOf }
