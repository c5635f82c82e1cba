// What the process in writer.js leaves behind, and whether all of it is there.

/** Texts that compress and such that do not. */
function textOf(round, n) {
  return `${round}/${n} `.repeat(1 + ((n * 7919) % 60))
}

/** Checks everything that each round has acknowledged up to a number; throws at the first fault. */
async function checkHistory(db, history) {
  for (const [round, last] of history.entries()) {
    for (let n = 0; n <= last; n++) {
      const deletedBy = n % 100 === 49 ? n + 50 : Infinity
      const value = await db.get(`round-${round}-${n}`)
      const there = value === textOf(round, n)
      // What was deleted but not acknowledged may be either.
      const fine = deletedBy <= last ? value === undefined : there || deletedBy === last + 1
      if (!fine) throw new Error(`round ${round}: ${n} of ${last} is ${value?.slice(0, 20)}`)
      if (n < last && (await db.get(`deleted-${round}-${n}`)) !== undefined) {
        throw new Error(`round ${round}: ${n} is back`)
      }
    }
    const latest = last < 0 ? 0 : Number(await db.get(`latest-${round}`))
    if (!(latest >= last && latest <= last + 1)) throw new Error(`round ${round}: latest ${latest}`)
  }
}

module.exports = { checkHistory, textOf }
