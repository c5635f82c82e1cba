// Turns of the event loop. A call that is answered at once settles its promise without one, and a
// caller that awaits such calls in a row would keep timers, sockets and everybody else waiting for
// as long as it goes on. So when a turn has lasted long enough, reads are made on the pool, and those
// who wait for a write hear of it in one of the next turns, in the order in which they called; each
// turn takes as many of them as it has time for.

/** Milliseconds. */
const LONG_ENOUGH = 3
/** A look at the clock costs something; it is done once in so many calls. */
const CALLS_PER_LOOK = 16

let calls = 0
/** When the turn's first look at the clock was; undefined before. */
let began
let isOver = false
/** How to let those go on who wait, in their order, and how many have gone. */
let waiting = []
let gone = 0

/** To be called with each call: whether the turn has lasted long enough. */
function isLong() {
  calls += 1
  if (!isOver && calls % CALLS_PER_LOOK === 0) look()
  return isOver
}

/** The same, as a promise to wait for. */
function rest() {
  return isLong() ? aTurn() : undefined
}

/** The answer of a call that was made at once, to be given when it is time for it. */
function inItsTurn(answer) {
  return isLong() ? aTurn().then(() => answer) : answer
}

/** The same as `rest`, for work that may be large. */
function restAfterMuch() {
  if (!isOver) look()
  return isOver ? aTurn() : undefined
}

function look() {
  const now = performance.now()
  if (began === undefined) {
    began = now
    setImmediate(nextTurn)
  } else if (now - began > LONG_ENOUGH) {
    isOver = true
  }
}

function aTurn() {
  return new Promise((resolve) => {
    waiting.push(resolve)
  })
}

async function nextTurn() {
  if (waiting.length === 0) {
    began = undefined
    isOver = false
    return
  }
  setImmediate(nextTurn)
  began = performance.now()
  while (gone < waiting.length && performance.now() - began < LONG_ENOUGH) {
    const few = Math.min(gone + CALLS_PER_LOOK, waiting.length)
    while (gone < few) waiting[gone++]()
    // They do their work before this goes on.
    await undefined
  }
  if (gone < waiting.length) return
  waiting = []
  gone = 0
  isOver = false
}

module.exports = { inItsTurn, isLong, rest, restAfterMuch }
