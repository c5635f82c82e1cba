// C++ LevelDB, through the npm package classic-level, as a process that takes commands.
//
// A request is a letter, a length (32 bits, little-endian) and that many bytes; an answer is a
// status, a length and that many bytes. `tests/peers/mod.rs` describes the commands. Reading and
// writing are synchronous, so a request is only read when the one before it was carried out.

import { readSync, writeSync } from 'node:fs'

const DONE = 0
const FAILED = 1
const MORE = 2
const CHUNK = 1 << 20
const BUFFERS = { keyEncoding: 'buffer', valueEncoding: 'buffer' }

const { ClassicLevel } = await import('classic-level').catch((error) => {
  process.stderr.write(`classic-level cannot be loaded (${error.code}): run npm ci\n`)
  process.exit(1)
})

function readExactly(length) {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const count = readSync(0, bytes, at, length - at, null)
    if (count === 0) process.exit(0)
    at += count
  }
  return bytes
}

function answer(status, bytes = Buffer.alloc(0)) {
  const head = Buffer.alloc(5)
  head.writeUInt8(status)
  head.writeUInt32LE(bytes.length, 1)
  const whole = Buffer.concat([head, bytes])
  for (let at = 0; at < whole.length; ) at += writeSync(1, whole, at)
}

/** The parts of a text in which each is preceded by its length. */
function* parts(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    yield bytes.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
}

function part(bytes) {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(bytes.length)
  return Buffer.concat([head, bytes])
}

let db

async function dump(reverse) {
  let chunk = []
  let size = 0
  for await (const [key, value] of db.iterator({ reverse })) {
    chunk.push(part(key), part(value))
    size += key.length + value.length
    if (size > CHUNK) {
      answer(MORE, Buffer.concat(chunk))
      chunk = []
      size = 0
    }
  }
  return Buffer.concat(chunk)
}

const commands = {
  async O(bytes) {
    const [compression, directory] = [bytes.readUInt8() === 1, bytes.subarray(1).toString()]
    const opening = new ClassicLevel(directory, {
      ...BUFFERS,
      compression,
      writeBufferSize: 1 << 20,
      maxFileSize: 1 << 20,
    })
    await opening.open()
    db = opening
  },
  async W(bytes) {
    const operations = []
    const fields = parts(bytes)
    for (const key of fields) {
      const value = fields.next().value
      const type = value.readUInt8() === 1 ? 'put' : 'del'
      operations.push({ type, key, value: value.subarray(1) })
    }
    await db.batch(operations)
  },
  D: () => dump(false),
  B: () => dump(true),
  async G(bytes) {
    const found = await db.getMany([...parts(bytes)])
    const tagged = (value) => [Buffer.from([value === undefined ? 0 : 1]), value ?? Buffer.alloc(0)]
    return Buffer.concat(found.map((value) => part(Buffer.concat(tagged(value)))))
  },
  async S() {
    return Buffer.from(String(await db.approximateSize(Buffer.alloc(0), Buffer.alloc(8, 0xff))))
  },
  R: (bytes) => ClassicLevel.repair(bytes.toString()),
  C: () => db.close(),
}

writeSync(1, '\nready\n')
for (;;) {
  const head = readExactly(5)
  const bytes = readExactly(head.readUInt32LE(1))
  try {
    answer(DONE, await commands[String.fromCharCode(head[0])](bytes))
  } catch (error) {
    answer(
      FAILED,
      Buffer.from(`${error.cause?.code ?? error.code}: ${error.cause?.message ?? error.message}`),
    )
  }
}
