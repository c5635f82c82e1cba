// Ends the PostgreSQL server of a run of tests, and waits until nothing is left of it.

module.exports = async () => {
  const keeper = globalThis.postgresKeeper
  const gone = new Promise((resolve) => keeper.on('exit', resolve))
  keeper.stdin.end()
  if (keeper.exitCode === null && keeper.signalCode === null) await gone
}
