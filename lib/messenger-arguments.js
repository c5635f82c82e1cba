// What the arguments of the messenger's calls mean: ids, peers, times, limits. Whatever cannot be
// meant is an error before anything is written.

const { carefully } = require('./carefully.js')
const { given } = require('./given.js')
const { isWellFormed } = require('./well-formed.js')
const { InvalidParametersError } = require('./errors.js')

function invalid(operation, what) {
  return new InvalidParametersError(`${operation} needs ${what}`, { operation })
}

/** An id: text, or a number, which is its digits. */
function idOf(operation, id, name) {
  const text = Number.isFinite(id) ? String(id) : id
  if (typeof text === 'string' && text !== '' && isWellFormed(text)) return text
  throw invalid(operation, `${name} that is text or a number, not ${given(id)}`)
}

/**
 * A message's peer for the index; undefined where there is none to be found by. What is false to
 * JavaScript is no peer, and what is no text is what a template makes of it.
 */
function peerOf(operation, peer, name) {
  if (!peer || typeof peer === 'object') return undefined
  return idOf(operation, String(peer), name)
}

/** What a message is ordered by: its timestamp, or now where it has none. */
function timeOf(timestamp, now) {
  const time = asTime(timestamp)
  return time === undefined || Number.isNaN(time) ? now() : time
}

function asTime(timestamp) {
  if (typeof timestamp === 'number') return timestamp
  if (typeof timestamp === 'bigint') return Number(timestamp)
  if (typeof timestamp?.getTime === 'function') return Number(timestamp.getTime())
  if (typeof timestamp !== 'string' || timestamp.trim() === '') return undefined
  const number = Number(timestamp)
  return Number.isNaN(number) ? Date.parse(timestamp) : number
}

/** How many at most. */
function limitOf(operation, limit) {
  if (limit === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw invalid(operation, `a limit that is a whole number of 0 or more, not ${given(limit)}`)
  }
  return limit
}

/** Where a page of messages begins. */
class PageCursor {
  #label

  constructor(label) {
    this.#label = label
  }

  static labelOf(cursor) {
    return cursor.#label
  }

  static is(value) {
    return typeof value === 'object' && value !== null && #label in value
  }
}

/** What a message is found and ordered by. */
function placeOf(operation, message) {
  if (typeof message !== 'object' || message === null)
    throw invalid(operation, `a message that is an object, not ${given(message)}`)
  return carefully(operation, 'the message', () => ({
    id: idOf(operation, message.id, 'a message with an id'),
    sender: peerOf(operation, message.sender, 'a sender'),
    recipient: peerOf(operation, message.recipient, 'a recipient'),
    time: timeOf(message.timestamp, Date.now),
  }))
}

/**
 * What `before` means: the cursor of a page, the id of a message, a message, or a time.
 *
 * @returns {{ cursor?: Uint8Array, id?: string, time?: number }}
 */
function beforeOf(operation, before) {
  return carefully(operation, 'what comes before', () => placeBefore(operation, before))
}

function placeBefore(operation, before) {
  if (before === undefined || before === null) return {}
  if (PageCursor.is(before)) return { cursor: PageCursor.labelOf(before) }
  if (typeof before === 'string') return { id: idOf(operation, before, 'an id in before') }
  const time = typeof before === 'number' ? before : asTime(before)
  if (time !== undefined && !Number.isNaN(time)) return { time }
  if (typeof before === 'object' && before.id !== undefined) {
    return { id: idOf(operation, before.id, 'an id in before') }
  }
  throw invalid(operation, `a cursor, a message, an id or a time as before, not ${given(before)}`)
}

module.exports = { PageCursor, beforeOf, idOf, invalid, limitOf, placeOf }
