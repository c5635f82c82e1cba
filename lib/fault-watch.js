// Tells a host what goes wrong where no call of its own would notice: a flush, a compaction or a
// sync in the background that fails, and the disk becoming so full that the reserve was given up.
//
// The engine counts faults; this asks it twice a second what is new, so that a fault which was over
// within milliseconds is told too. It asks from a timer that keeps neither the process alive nor a
// store that its user has forgotten, and what the host's functions throw goes no further.

const { errorOf, fromNative, uncounted } = require('./errors.js')
const { given } = require('./given.js')

const PAUSE = 500
const LOG_METHODS = ['debug', 'info', 'warn', 'error']

class FaultWatch {
  #native
  #path
  #listeners
  #timer
  /** How often each kind of fault has been told of. */
  #told = new Map()
  #faulty = false

  /**
   * @param {import('./native-db.js').NativeDb} native
   * @param {string} path
   * @param {{ logger?: any, onFault?: (fault: object) => unknown }} listeners
   */
  constructor(native, path, listeners) {
    this.#native = native
    this.#path = path
    this.#listeners = listeners
    this.#told = timesOf(this.#health(), { over: true })
    this.#log('info', {}, 'the database is open')
    const watch = new WeakRef(this)
    const timer = setInterval(() => {
      const alive = watch.deref()
      if (alive === undefined) clearInterval(timer)
      else alive.#check()
    }, PAUSE)
    timer.unref()
    this.#timer = timer
  }

  /** Tells what is left to tell; to be called before the database is closed. */
  stop() {
    clearInterval(this.#timer)
    this.#check()
    this.#log('info', {}, 'the database closes')
  }

  #health() {
    return this.#native.call('getHealth', (native) => native.health())
  }

  #check() {
    let health
    try {
      health = uncounted(() => this.#health())
    } catch {
      // Closed by then: whoever closed it has heard what there was to hear.
      return
    }
    for (const [kind, times] of timesOf(health, {})) {
      if (times <= (this.#told.get(kind) ?? 0)) continue
      this.#told.set(kind, times)
      this.#tell({
        kind,
        times,
        path: this.#path,
        error: uncounted(() => this.#errorOf(kind, health)),
      })
    }
    if (this.#faulty && health.failures.length === 0 && !health.outOfSpace) {
      this.#faulty = false
      this.#log('info', {}, 'the database works again')
    }
  }

  #errorOf(kind, { faults }) {
    const fault = faults.find(({ job }) => job === kind)
    if (fault) return fromNative(fault, kind)
    const path = this.#path
    return errorOf('ENOSPC', 'the disk is full: the reserve was given up', {
      path,
      operation: kind,
    })
  }

  #tell(fault) {
    this.#faulty = true
    const { kind, times, error } = fault
    this.#log('error', { kind, times, err: error, code: error.code }, error.message)
    guarded(() => this.#listeners.onFault?.(fault))
  }

  #log(level, details, message) {
    guarded(() => this.#listeners.logger?.[level]({ path: this.#path, ...details }, message))
  }
}

/** How often each kind of fault was there; with `over`, leaving out what still is. */
function timesOf({ faults, failures, reserveReleases, outOfSpace }, { over = false }) {
  const goesOn = (kind) => failures.some(({ job }) => job === kind)
  const times = faults.map(({ job, times }) => [job, over && goesOn(job) ? 0 : times])
  return new Map([...times, ['reserve', over && outOfSpace ? 0 : reserveReleases]])
}

/** Calls into the host; neither what it throws nor what it rejects with comes back here. */
function guarded(body) {
  try {
    body()?.then?.(undefined, () => {})
  } catch {}
}

/** Starts watching where somebody listens. */
function watchFaults(native, path, { logger, onFault }) {
  if (logger === undefined && onFault === undefined) return undefined
  return new FaultWatch(native, path, { logger, onFault })
}

/** Refuses what could not be called. */
function checkListeners(operation, options) {
  const [logger, onFault] = [options.logger ?? undefined, options.onFault ?? undefined]
  if (onFault !== undefined && typeof onFault !== 'function') {
    throw errorOf('INVALID_PARAMETERS', `onFault is a function, not ${given(onFault)}`, {
      operation,
    })
  }
  if (logger !== undefined && LOG_METHODS.some((name) => typeof logger[name] !== 'function')) {
    const message = `logger has the methods ${LOG_METHODS.join(', ')}`
    throw errorOf('INVALID_PARAMETERS', message, { operation })
  }
}

module.exports = { checkListeners, watchFaults }
