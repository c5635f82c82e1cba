// What the host hears of without having asked. A fault is an object with a code and a message that
// names nothing; ids are values beside it. Whoever does not listen misses them: a library does not
// print.

const { errorOf, fromNative } = require('./errors.js')
const { isWeak } = require('./messenger-password.js')

let hasWarned = false

const WORDS = {
  unreadable: 'some records cannot be read and were left out',
  backupFailed: 'an automatic backup failed',
  rotationFailed: 'the change of the key could not be finished; it is tried again',
  countersRebuilt: 'the counters were damaged and have been counted anew',
  headerCopyFailed:
    'one of the two files of the header could not be written and may have an older one; it is tried again',
}

/** A listener for the addon's events. */
function faultListener(onFault) {
  return (event) => {
    const { event: fault, kind, ids, count, path, code, message } = event
    if (!Object.hasOwn(WORDS, fault)) return
    const error = code === undefined ? undefined : fromNative({ code, message }, fault)
    tell(onFault, {
      fault,
      code: error?.code ?? 'STORAGE_ERROR',
      message: WORDS[fault],
      ...(error && { error }),
      ...(kind !== undefined && { kind, ids, count }),
      ...(path !== undefined && { path }),
    })
  }
}

/** Tells of values that were decrypted and are not what this version writes. */
function tellUnreadable(operation, onFault, kind, ids) {
  const error = errorOf('RECORD_UNREADABLE', `a ${kind} is not what this version writes`, {
    operation,
  })
  const known = ids.filter((id) => id !== '')
  const { code } = error
  const [fault, message] = ['unreadable', WORDS.unreadable]
  tell(onFault, { fault, code, message, error, kind, ids: known, count: ids.length })
}

/** Warns, once in the life of the process, of a password that others know or can guess. */
function warnOfPassword(onFault, secret) {
  if (hasWarned || !isWeak(secret)) return
  hasWarned = true
  tell(onFault, {
    fault: 'weakPassword',
    code: 'KEY_WEAK',
    message: 'the password is short or looks like a peer id, which others know',
  })
}

function tell(onFault, fault) {
  try {
    const told = onFault?.(fault)
    if (typeof told?.then === 'function') told.then(undefined, () => {})
  } catch {
    // What the host does with a fault must not become a fault of the store, now or later.
  }
}

/** The metrics of an open store. */
function metricsOf(native) {
  const { backupCode, backupMessage, ...counts } = native.metrics()
  const isFailed = backupCode !== undefined && backupCode !== null
  const failure = isFailed
    ? fromNative({ code: backupCode, message: backupMessage }, 'backup')
    : undefined
  return { ...counts, backupFailure: failure }
}

module.exports = { faultListener, metricsOf, tellUnreadable, warnOfPassword }
