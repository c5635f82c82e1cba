// Lists of values. They come as a few JSON texts of arrays, because those are parsed fastest. Where
// one value cannot be read, all of them are asked for again, each in a text of its own: the others
// are given, and the host hears of the ids of what is left out. Of small lists, which are read at
// once, only those values come as text that were not parsed before.

const { tellUnreadable } = require('./messenger-faults.js')
const { decode, decodeList } = require('./messenger-values.js')
const { restAfterMuch } = require('./turn.js')

/**
 * @typedef {object} List
 * @property {unknown[]} values what can be read
 * @property {string[] | undefined} ids of the values, where there are any
 * @property {string[]} lost the ids of what cannot be read; empty where one cannot be told
 * @property {Uint8Array | undefined} cursor
 */

/**
 * @param {string} operation what the caller had asked for, for errors
 * @param {any} vault
 * @param {(native: any, apart: boolean) => any} ask gives a list, now or later
 * @returns {Promise<List>}
 */
async function readList(operation, vault, ask) {
  const turn = restAfterMuch()
  const list = await vault.run(operation, (native) =>
    turn === undefined ? ask(native, false) : turn.then(() => ask(native, false)),
  )
  try {
    const values = list.values ?? decodeList(operation, list)
    return { ids: list.ids, cursor: list.cursor, lost: [], values }
  } catch (error) {
    if (error?.code !== 'RECORD_UNREADABLE') throw error
    const { texts, ids, cursor } = await vault.run(operation, (native) => ask(native, true))
    return { ...decodeApart(operation, texts, ids), cursor }
  }
}

function decodeApart(operation, texts, ids) {
  const list = { values: [], ids: [], lost: [] }
  for (const [index, text] of texts.entries()) {
    try {
      list.values.push(decode(operation, text))
      list.ids.push(ids[index])
    } catch (error) {
      if (error?.code !== 'RECORD_UNREADABLE') throw error
      list.lost.push(ids[index])
    }
  }
  return list
}

/**
 * A list of messages that is read here and now.
 *
 * @param {any} native
 * @param {import('./messenger-parsed.js').ParsedMessages} parsed
 * @param {(native: any) => any} ask
 * @returns {{ values: unknown[], cursor: Uint8Array | undefined } | null} null where it cannot be
 */
function readAtOnce(native, parsed, ask) {
  const page = ask(native)
  if (page === null) return null
  const { buffer, byteOffset, length } = page.numbers
  const numbers = new Float64Array(buffer, byteOffset, length / Float64Array.BYTES_PER_ELEMENT)
  const values = []
  let isComplete = true
  for (const number of numbers) {
    const value = parsed.copyOf(number)
    isComplete &&= value !== undefined
    values.push(value)
  }
  if (!isComplete && !fill(values, numbers, native, parsed)) return null
  return { values, cursor: page.cursor }
}

/** Puts in what was not parsed before. False where one of them cannot be read. */
function fill(values, numbers, native, parsed) {
  const missing = [...values.keys()].filter((at) => values[at] === undefined)
  const wanted = new Uint8Array(values.length)
  for (const at of missing) wanted[at] = 1
  const list = native.ready(wanted)
  let found
  try {
    found = decodeList('', list)
  } catch {
    return false
  }
  const size = list.texts.reduce((sum, text) => sum + text.length, 0) / missing.length
  const special = new Set(list.special)
  for (const [index, at] of missing.entries()) {
    values[at] = found[index]
    if (!special.has(index)) {
      parsed.keep(numbers[at], found[index], size)
      values[at] = parsed.copyOf(numbers[at]) ?? found[index]
    }
  }
  return true
}

/** Like `readList`; what is left out is told. */
async function readOrTell(operation, vault, kind, onFault, ask) {
  const list = await readList(operation, vault, ask)
  if (list.lost.length > 0) tellUnreadable(operation, onFault, kind, list.lost)
  return list
}

/** How many messages are looked at together, and about how many bytes of them. */
const LOOKS = 1000
const BYTES = 4 << 20

/** All values that the addon can read and this version cannot: their kinds and ids. */
async function findUnreadable(operation, vault, kinds) {
  const found = []
  const note = (kind, { lost }) => {
    for (const id of lost) found.push({ kind, id: id === '' ? undefined : id })
  }
  let cursor
  do {
    const from = cursor
    const ask = (native, apart) =>
      native.messages(undefined, { count: LOOKS, bytes: BYTES }, from, undefined, undefined, apart)
    const list = await readList(operation, vault, ask)
    note('message', list)
    cursor = list.cursor
  } while (cursor)
  for (const [number, kind] of kinds) {
    note(kind, await readList(operation, vault, (native, apart) => native.items(number, apart)))
  }
  return found
}

module.exports = { findUnreadable, readAtOnce, readOrTell }
