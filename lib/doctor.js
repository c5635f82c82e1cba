// The doctor: finds records that are not JSON, which no listing gets past, and records that an old
// caller's mistake put under a wrong key, which it moves to the key that they were meant for. What
// those look like is said in `crates/sigil` (`keys/misfiled.rs`). Looking changes nothing and needs
// no lock; a record is moved in one step, and never over another.

const { abortable } = require('./abortable.js')
const { callOptions, throwIfAborted } = require('./arguments.js')
const { errorOf } = require('./errors.js')
const { given } = require('./given.js')
const { LevelDBSigilAdapter } = require('./leveldb-adapter.js')
const { callNative } = require('./native.js')

/** What the mistaken key of such a record ends in. */
const MARK = '![object Object]'

/** What keys begin with that say whose a record is, and are none. */
const CLAIM = '!sigil-vault!claim!'

/**
 * @param {string} location
 * @param {{ fix?: boolean, signal?: AbortSignal }} [options]
 * @returns {Promise<import('../index.js').DoctorReport>}
 */
async function doctor(location, options = {}) {
  const operation = 'doctor'
  if (typeof location !== 'string' || location === '') {
    throw errorOf('INVALID_PARAMETERS', `doctor needs a directory, not ${given(location)}`, {
      operation,
    })
  }
  const fix = options?.fix === true
  const checked = callOptions(operation, options, ['fix', 'signal'])
  throwIfAborted(operation, checked)
  const access = fix ? { createIfMissing: false } : { readOnly: true }
  const store = new LevelDBSigilAdapter(location, access)
  try {
    await store.open()
    return await abortable(operation, checked, examine(store, fix, checked))
  } finally {
    await store.close()
  }
}

async function examine(store, fix, options) {
  const report = { location: store.path, fix, examined: 0, misfiled: [], unreadable: [] }
  for await (const [key, stored] of store.db.iterator()) {
    throwIfAborted('doctor', options)
    if (key.startsWith(CLAIM)) continue
    report.examined += 1
    if (!isJson(stored)) {
      const name = callNative('doctor', (addon) => addon.decodeKey(key))
      if (name !== null) report.unreadable.push({ key, name })
      continue
    }
    const found = key.endsWith(MARK) ? recognise(key, stored) : undefined
    if (found === undefined) continue
    const { meant, text } = found
    const taken = await store.existsSigilRecord(meant.symbol, meant.authHash)
    const outcome = taken ? 'taken' : fix ? 'moved' : 'movable'
    if (outcome === 'moved') await move(store, key, meant, text)
    report.misfiled.push({ key, meant, outcome })
  }
  return report
}

/** Whose record it was meant to be, and the record's text. */
function recognise(key, stored) {
  const meant = callNative('doctor', (addon) => addon.misfiledName(key, stored))
  if (meant === null) return undefined
  const { symbol, authHash } = meant
  return { meant: { symbol, authHash }, text: JSON.stringify(JSON.parse(stored).authHash) }
}

function isJson(text) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

async function move(store, from, { symbol, authHash }, text) {
  const to = callNative('doctor', (addon) => addon.sharedKey(symbol, authHash))
  const steps = [
    { type: 'put', key: to, value: text },
    { type: 'del', key: from },
  ]
  await store.db.batch(steps, { sync: true })
}

module.exports = { doctor }
