// Tests of what not every machine has: a disk that can be mounted, a limit that can be set, a linker.
// Such a test is skipped where that is missing, and only there; its name then says what is missing,
// so that nobody takes it for one that ran.

/**
 * A `test` for tests that need something.
 *
 * @param {string | undefined} missing what is missing here, in words; undefined where nothing is
 */
function testWhere(missing) {
  if (missing === undefined) return test
  const withReason = (name) => `${name} [skipped: ${missing}]`
  return (name, ...rest) => test.skip(withReason(name), ...rest) // this machine lacks what it is about
}

module.exports = { testWhere }
