// Turns of the event loop. A call that is answered at once settles its promise without one, and a
// caller that awaits such calls in a row would keep timers, sockets and everybody else waiting for
// as long as it goes on. So when a turn has lasted long enough, callers get their answers in one of
// the next. Each turn begins with those who wait, in the order in which they called, and takes as many
// of them as it has time for; calls that are made meanwhile are answered at once again.

// Of the module: somebody who tests with timers of his own replaces the global ones.
const { setImmediate } = require('node:timers')

/** Milliseconds. */
const LONG_ENOUGH = 3
/** A look at the clock costs something; it is done once in so many calls. */
const CALLS_PER_LOOK = 16

let calls = 0
/** When the turn's first look at the clock was; undefined before. */
let began
let isOver = false
/** How to let those go on who wait, in their order. */
let waiting = []

/** To be called with each call: a promise to wait for, where the turn has lasted long enough. */
function rest() {
  count()
  return isOver ? aTurn() : undefined
}

/** To be called with each call: its answer when it is time for that. */
function inItsTurn(answer) {
  count()
  return isOver ? aTurn().then(() => answer) : answer
}

function count() {
  calls += 1
  if (!isOver && calls % CALLS_PER_LOOK === 0) look()
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
  } else {
    isOver = now - began > LONG_ENOUGH
  }
}

function aTurn() {
  return new Promise((resolve) => {
    waiting.push(resolve)
  })
}

async function nextTurn() {
  isOver = false
  if (waiting.length === 0) {
    began = undefined
    return
  }
  setImmediate(nextTurn)
  began = performance.now()
  const those = waiting
  waiting = []
  let gone = 0
  while (gone < those.length && !isOver) {
    const few = Math.min(gone + CALLS_PER_LOOK, those.length)
    while (gone < few) those[gone++]()
    // They do their work before this goes on, and call again: that is answered at once.
    await undefined
    isOver ||= performance.now() - began > LONG_ENOUGH
  }
  // First those who have waited for a turn already.
  waiting = [...those.slice(gone), ...waiting]
}

module.exports = { inItsTurn, rest, restAfterMuch }
