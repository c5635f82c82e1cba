// Makes a directory with those above it. Node's own recursive `mkdir` never ends, and never stops
// working, where the system says that a parent is missing which is there: in a working directory
// that was deleted, or below /proc.

const { mkdir } = require('node:fs/promises')
const { dirname } = require('node:path')

/** @param {string} path */
async function makeDirectory(path) {
  try {
    await make(path)
  } catch (error) {
    const parent = dirname(path)
    if (error.code !== 'ENOENT' || parent === path) throw error
    await makeDirectory(parent)
    await make(path)
  }
}

async function make(path) {
  try {
    await mkdir(path)
  } catch (error) {
    // Whatever is there, who opens it finds out.
    if (error.code !== 'EEXIST') throw error
  }
}

module.exports = { makeDirectory }
