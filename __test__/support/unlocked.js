// Whether a directory's lock is free: a `Level`, which shares with nobody, gets it or fails.

const { Level } = require('sigil-vault')

async function expectUnlocked(path) {
  const level = new Level(path)
  await level.open()
  await level.close()
}

module.exports = { expectUnlocked }
