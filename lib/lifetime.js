// When a store's database is open. It opens by itself, in the background; operations wait for that.
// There is one opening at a time, after a closing that is under way, and what was closed, or could
// not be opened, can be opened again.

const { resolve } = require('node:path')
const { setImmediate: nextTurn } = require('node:timers/promises')
const { abortable } = require('./abortable.js')
const { throwIfAborted } = require('./arguments.js')
const { errorOf, fromNative, handedOver } = require('./errors.js')
const { watchFaults } = require('./fault-watch.js')
const { openDirectory } = require('./level.js')
const { LockWait } = require('./lock-wait.js')
const { notOpen } = require('./native-db.js')

class Lifetime {
  /** The open database; undefined before and after. */
  native
  /** Where that is or last was, wherever the process has gone since. */
  directory
  #path
  #options
  /** The opening that is under way or was the last; undefined once it is given up. */
  #opening
  /** Why that failed, if it did. */
  #failure
  /** Of that opening, while it is wanted. */
  #lockWait
  #closing
  #watch
  #onOpening

  /** @param {() => void} onOpening called whenever it begins to open */
  constructor(path, options, onOpening) {
    this.#path = path
    this.#options = options
    this.#onOpening = onOpening
  }

  /** Whether opening what stands on it can succeed: it is open, or what kept it from that may be over. */
  get mayBeOpened() {
    return this.native !== undefined || this.#failure?.transient === true
  }

  /** @returns {Promise<import('./native-db.js').NativeDb>} */
  open() {
    // What can succeed when it is tried again is.
    if (this.#failure?.transient) this.#forgetFailure()
    if (this.#opening === undefined) {
      const opening = this.#open()
      this.#opening = opening
      opening.catch((error) => {
        if (this.#opening === opening) this.#failure = error
      })
      // What stands on it waits for it first, and so it is open before anybody is answered.
      this.#onOpening()
    }
    return this.#opening
  }

  /** The same, whatever the last opening has failed with. */
  openAgain() {
    if (this.#failure !== undefined) this.#forgetFailure()
    return this.open()
  }

  /** The same, for a caller who asks for it by name. */
  async openFor(operation, options) {
    return this.#awaited(operation, options, this.openAgain())
  }

  #forgetFailure() {
    this.#opening = undefined
    this.#failure = undefined
  }

  /** The database once it is open, for an operation that needs it. */
  async ready(operation, options) {
    throwIfAborted(operation, options)
    if (this.#opening === undefined) throw notOpen(operation)
    return this.#awaited(operation, options, this.open())
  }

  /** The same for an operation that does not wait until somebody else lets go of the directory. */
  async readyUnlessLocked(operation, options) {
    throwIfAborted(operation, options)
    if (this.#opening === undefined) throw notOpen(operation)
    const opening = this.open()
    const refused = this.#lockWait.refused.then((thrown) => {
      throw fromNative(thrown, operation)
    })
    return this.#awaited(operation, options, Promise.race([opening, refused]))
  }

  /** From now on the process is kept alive for an opening that is under way. */
  hold() {
    this.#lockWait?.hold()
  }

  /** Waits for an opening on behalf of somebody. */
  async #awaited(operation, options, opening) {
    const release = this.#lockWait.hold()
    try {
      return await abortable(operation, options, opening)
    } catch (error) {
      throw asked(operation, error)
    } finally {
      release()
    }
  }

  async #open() {
    const lockWait = new LockWait()
    this.#lockWait = lockWait
    // How the closing went is told to those who called for it; closed it is in any case.
    await this.#closing?.catch(() => {})
    this.directory = resolved(this.#path)
    const native = await openDirectory(this.#path, this.#options, true, lockWait)
    this.native = native
    this.#watch = watchFaults(native, this.#path, this.#options)
    return native
  }

  close() {
    const opening = this.#opening
    if (opening === undefined) return this.#closing ?? Promise.resolve()
    const wasOpen = this.native !== undefined
    this.#forgetFailure()
    this.native = undefined
    this.#lockWait?.giveUp()
    this.#lockWait = undefined
    const closing = opening.then(
      async (native) => {
        this.native = undefined
        this.#watch?.stop()
        // Those who have waited for the opening make their calls first.
        if (!wasOpen) await nextTurn()
        return native.close()
      },
      // What could not be opened need not be closed; whoever used it has heard why.
      () => {},
    )
    this.#closing = closing
    const isOver = () => {
      if (this.#closing === closing) this.#closing = undefined
    }
    closing.then(isOver, isOver)
    return closing
  }
}

function resolved(path) {
  try {
    return resolve(path)
  } catch {
    // The working directory was deleted; opening says what the system says.
    return path
  }
}

/** The failure of an opening, as the error of the operation that needed it. */
function asked(operation, error) {
  if (error.operation === operation) return handedOver(error)
  const { path, errno, holder, offset, transient } = error
  return errorOf(error.code, error.message, {
    cause: error,
    operation,
    path,
    errno,
    holder,
    offset,
    transient,
  })
}

module.exports = { Lifetime }
