// A histogram of durations that costs a call next to nothing.
//
// Asking for the time twice costs as much as five percent of a write that memory takes. So of the
// calls that are answered at once one in 64 is timed, and stands for those that follow it; all of
// them are counted. Calls that wait for a thread are all timed: there the clock is nothing.

const { performance } = require('node:perf_hooks')

/** One in so many is timed; a power of 2. */
const SAMPLED = 64

/** Seconds: from an answer out of memory to a disk that hangs. */
const BOUNDS = [
  ...[1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4],
  ...[1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5],
]

class SampledHistogram {
  /** Of each bucket alone, not of those below it; the last is beyond all bounds. */
  #buckets = new Array(BOUNDS.length + 1).fill(0)
  #sum = 0
  #begun = 0
  /** Seconds that the last timed call took, and calls that it stands for. */
  #last
  #standsFor = 0

  /** To be called before what is timed; the result is for `end`. */
  begin() {
    const timed = (this.#begun++ & (SAMPLED - 1)) === 0 || this.#last === undefined
    return timed ? performance.now() : 0
  }

  /** To be called when what was begun is done without waiting. What failed is not ended. */
  end(started, calls = 1) {
    if (started !== 0) {
      this.#settle()
      this.#last = (performance.now() - started) / 1000
    }
    this.#standsFor += calls
  }

  /** Notes calls that began at one time, by `performance.now()`, and have waited until now. */
  waited(since, calls = 1) {
    this.#add((performance.now() - since) / 1000, calls)
  }

  /** What was observed: for each bound how many were not above it, then all; and their sum. */
  read() {
    this.#settle()
    let count = 0
    const upTo = this.#buckets.map((calls) => {
      count += calls
      return count
    })
    return { upTo, count, sum: this.#sum }
  }

  #settle() {
    if (this.#standsFor > 0) this.#add(this.#last, this.#standsFor)
    this.#standsFor = 0
  }

  #add(seconds, calls) {
    let at = 0
    while (at < BOUNDS.length && seconds > BOUNDS[at]) at++
    this.#buckets[at] += calls
    this.#sum += seconds * calls
  }
}

module.exports = { BOUNDS, SampledHistogram }
