// What is measured: the messages, and how fast a call is.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const WORDS =
  'we meet at the station in an hour or so bring both keys and tell nobody about it yet because nothing is sure before tomorrow when she calls back from there with what they found out last week please answer soon'.split(
    ' ',
  )

/** The next of a row of numbers that only look random. */
const following = (state) => (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0

function textOf(n) {
  const words = []
  for (let state = following(n + 1); words.length < 30; state = following(state)) {
    words.push(WORDS[(state >>> 8) % WORDS.length])
  }
  return words.join(' ')
}

function hexOf(n, length) {
  let text = ''
  for (let state = following(n + 7); text.length < length; state = following(state)) {
    text += (state >>> 8).toString(16)
  }
  return text.slice(0, length)
}

/** A message as the messenger has them, about 450 bytes as JSON, a hundred peers. */
export function messageOf(n) {
  const peer = peerOf(n)
  return {
    id: `message-${n}`,
    sender: n % 2 === 0 ? 'me' : peer,
    recipient: n % 2 === 0 ? peer : 'me',
    timestamp: 1_700_000_000_000 + n * 37,
    content: textOf(n),
    status: 'delivered',
    isEncrypted: true,
    signature: hexOf(n, 128),
  }
}

/** The id of one of the hundred peers. */
export const peerOf = (n) => `12D3KooW${hexOf(n % 100, 44)}`

/** Calls a second, with so many callers at the same time. */
export async function perSecond(count, callers, body) {
  let next = 0
  const begun = process.hrtime.bigint()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < count) await body(next++)
    }),
  )
  return (count * 1e9) / Number(process.hrtime.bigint() - begun)
}

/** Calls a second, one after another for half a second at least: there may be few or many. */
export async function perSecondForAWhile(body) {
  const begun = process.hrtime.bigint()
  let [done, taken] = [0, 0]
  while (taken < 5e8) {
    await body()
    done += 1
    taken = Number(process.hrtime.bigint() - begun)
  }
  return (done * 1e9) / taken
}

/** The bytes of all files below a directory. */
export function bytesOf(directory) {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(directory, entry.name)
    return (
      sum +
      (entry.isDirectory() ? bytesOf(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0))
    )
  }, 0)
}
