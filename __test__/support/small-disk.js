// A disk that a test can fill: a small file system in memory, mounted for one test. Mounting needs
// Linux and root; where that is missing, `testOnDisk` skips and the test's name says why.

const { spawnSync } = require('node:child_process')
const { mkdtempSync, rmdirSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { testWhere } = require('./where-possible.js')

function mount(...args) {
  const { status, error, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

class SmallDisk {
  #view

  constructor(size) {
    this.path = mkdtempSync(join(tmpdir(), 'sigil-vault-disk-'))
    try {
      mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.path)
    } catch (error) {
      rmdirSync(this.path)
      throw error
    }
  }

  makeReadOnly() {
    mount('-o', 'remount,ro', this.path)
  }

  /** The same files at another path, where nobody can change them. */
  readOnlyView() {
    this.#view = mkdtempSync(join(tmpdir(), 'sigil-vault-view-'))
    mount('--bind', this.path, this.#view)
    mount('-o', 'remount,bind,ro', this.#view)
    return this.#view
  }

  remove() {
    for (const path of [this.#view, this.path].filter(Boolean)) {
      // Lazily: a test that failed may have files open.
      spawnSync('umount', ['-l', path])
      rmdirSync(path)
    }
  }
}

function whatIsMissing() {
  if (process.platform !== 'linux') return 'needs a file system that Linux mounts'
  try {
    new SmallDisk('64k').remove()
  } catch (error) {
    return error.message.split('\n')[0]
  }
}

const missing = whatIsMissing()

/** A test that is given a disk of its own. */
function testOnDisk(name, size, body) {
  // Only root can mount, and not in every container.
  testWhere(missing)(name, async () => {
    const disk = new SmallDisk(size)
    try {
      await body(disk)
    } finally {
      disk.remove()
    }
  })
}

module.exports = { testOnDisk }
