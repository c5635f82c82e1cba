// Turns of the event loop. A call that is answered at once settles its promise without one, and a
// caller that awaits such calls in a row would keep timers, sockets and everybody else waiting for
// as long as it goes on. So when a turn has lasted long enough, answers are held back until the
// next one.

/** Milliseconds. */
const LONG_ENOUGH = 3
/** A look at the clock costs something; it is done once in so many calls. */
const CALLS_PER_LOOK = 16

let calls = 0
/** When the turn's first look at the clock was; undefined before. */
let began
/** A promise of the next turn, once this one is over. */
let next
let nextBegins

/** To be called with each answer: a promise to wait for, where the turn has lasted long enough. */
function rest() {
  calls += 1
  if (next !== undefined || calls % CALLS_PER_LOOK !== 0) return next
  return look()
}

/** The same, for work that may be large. */
function restAfterMuch() {
  return next ?? look()
}

function look() {
  const now = performance.now()
  if (began === undefined) {
    began = now
    setImmediate(nextTurn)
  } else if (now - began > LONG_ENOUGH) {
    next = new Promise((resolve) => {
      nextBegins = resolve
    })
  }
  return next
}

function nextTurn() {
  began = undefined
  next = undefined
  nextBegins?.()
  nextBegins = undefined
}

module.exports = { rest, restAfterMuch }
