// A PostgreSQL server for a run of tests, in a process that keeps it: `node postgres-keeper.mjs`. It
// prints the server's address, and ends with its standard input, which also ends when whoever has
// started it dies, or by a signal, which may be meant for all of a run; the server and its folder are
// gone then.
//
// The server's programs come from an npm package. They are copied into the temporary folder: the
// server refuses to run as root, so there it gets the rights of nobody, who may not be allowed to
// look into the clone; and the package lacks its symbolic links where npm runs no install scripts.

import { spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import platform from './postgres-platform.js'

const NOBODY = 65_534
const asRoot = process.getuid?.() === 0
const rights = asRoot ? { uid: NOBODY, gid: NOBODY } : {}

const asked = new Promise((resolve) => {
  process.stdin.resume().on('end', resolve).on('close', resolve).on('error', resolve)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve)
})

async function main() {
  const scratch = mkdtempSync(join(tmpdir(), 'sigil-vault-postgres-'))
  try {
    if (asRoot) chownSync(scratch, NOBODY, NOBODY)
    const bin = await copyPrograms(join(scratch, 'native'))
    const data = join(scratch, 'data')
    const init = [
      '-D',
      data,
      '-U',
      'sigil',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ]
    const { status, stderr, error } = spawnSync(join(bin, 'initdb'), init, {
      cwd: scratch,
      encoding: 'utf8',
      ...rights,
    })
    if (status !== 0) throw error ?? new Error(stderr)
    const port = await freePort()
    const settings = ['fsync=off', 'full_page_writes=off', 'unix_socket_directories=']
    const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port)]
    args.push(...settings.flatMap((setting) => ['-c', setting]))
    const server = spawn(join(bin, 'postgres'), args, { cwd: scratch, stdio: 'pipe', ...rights })
    await ready(server)
    process.stdout.write(`postgres://sigil@127.0.0.1:${port}/postgres\n`)
    await Promise.race([asked, exited(server)])
    server.kill('SIGINT')
    await exited(server)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function copyPrograms(to) {
  const { postgres } = await import(platform.name)
  const from = dirname(dirname(postgres))
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
  const links = join(to, 'pg-symlinks.json')
  for (const { source, target } of existsSync(links) ? JSON.parse(readFileSync(links)) : []) {
    const path = join(dirname(to), target)
    if (!existsSync(path)) symlinkSync(basename(source), path)
  }
  return join(to, 'bin')
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function ready(server) {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr.setEncoding('utf8').on('data', (text) => {
      said = `${said}${text}`.slice(-10_000)
      if (said.includes('ready to accept connections')) resolve()
    })
    server.on('error', reject)
    server.on('exit', () => reject(new Error(said)))
  })
}

function exited(server) {
  if (server.exitCode !== null || server.signalCode !== null) return undefined
  return new Promise((resolve) => server.on('exit', resolve))
}

await main()
