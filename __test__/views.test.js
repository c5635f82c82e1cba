// Guards keys and values that are given as views of bytes: whatever the kind of view, its bytes are
// meant; and what is no view or text is refused in our own words.

const { ClassicLevel } = require('classic-level')
const { Level } = require('sigil-vault')
const { scratchFolder } = require('./support/scratch.js')

const scratch = scratchFolder()

const KINDS = [
  ...[Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView, Buffer],
]

/** Bytes that differ by `n`, as a view on the middle of something larger. */
function viewOf(Kind, n) {
  const bytes = new Uint8Array(32).map((_, at) => at)
  bytes[8] = n
  if (Kind === Buffer) return Buffer.from(bytes.buffer, 8, 16)
  const size = 16 / (Kind.BYTES_PER_ELEMENT ?? 1)
  return new Kind(bytes.buffer, 8, size)
}

const textOf = (value) => value && Buffer.from(value).toString('hex')

/** What comes out of every way in for keys and values. */
async function waysIn(Class, path, Kind) {
  const view = (n) => viewOf(Kind, n)
  const level = new Class(path, { keyEncoding: 'view', valueEncoding: 'view' })
  const answers = []
  await level.put(view(1), view(101))
  await level.batch([
    { type: 'put', key: view(2), value: view(102) },
    { type: 'put', key: view(3), value: view(103) },
    { type: 'del', key: view(1) },
  ])
  const batch = level.batch()
  await batch.put(view(4), view(104)).put(view(5), view(105)).del(view(3)).write()
  answers.push(await level.get(view(2)), level.getSync(view(4)), await level.get(view(3)))
  answers.push(...(await level.getMany([view(1), view(2), view(4)])))
  const there = [await level.has(view(5)), ...(await level.hasMany([view(1), view(5)]))]
  answers.push(...(await level.keys({ gte: view(2), lt: view(5) }).all()))
  answers.push(...(await level.values({ gt: view(2), lte: view(5), reverse: true }).all()))
  const iterator = level.iterator()
  iterator.seek(view(4))
  answers.push(...(await iterator.next()))
  await iterator.close()
  const snapshot = level.snapshot()
  await level.del(view(5))
  answers.push(await level.get(view(5), { snapshot }), await level.get(view(5)))
  await snapshot.close()
  await level.compactRange(view(0), view(9))
  const size = await level.approximateSize(view(0), view(9))
  await level.clear({ gte: view(2), lt: view(4) })
  answers.push(...(await level.keys().all()))
  await level.close()
  return { answers: answers.map(textOf), there, hasSize: size > 0 }
}

test.each(KINDS.map((Kind) => [Kind.name, Kind]))('%s', async (name, Kind) => {
  const ours = await waysIn(Level, scratch('ours'), Kind)
  // Buffers: with others classic-level writes what it then does not find.
  expect(ours).toEqual(await waysIn(ClassicLevel, scratch('theirs'), Buffer))
  expect(ours.answers[0]).toBe(textOf(viewOf(Buffer, 102)))
  expect(ours.there).toEqual([true, false, true])
  expect(name).toBe(Kind.name)
})

test('a view of bytes that are shared, and one of none', async () => {
  const level = new Level(scratch('level'), { valueEncoding: 'view' })
  const shared = new Uint16Array(new SharedArrayBuffer(4)).fill(0x4142)
  await level.batch([
    { type: 'put', key: 'shared', value: shared },
    { type: 'put', key: 'none', value: new DataView(new ArrayBuffer(0)) },
  ])
  expect(await level.getMany(['shared', 'none'], { valueEncoding: 'utf8' })).toEqual(['BABA', ''])
  await level.close()
})

test('what a batch puts of views is in order with other writes', async () => {
  const level = new Level(scratch('level'), { valueEncoding: 'view' })
  // So much that it is committed at once, which is told by its bytes.
  const large = new Float64Array(1 << 17)
  const writes = [
    level.put('key', new DataView(new ArrayBuffer(1))),
    level.put('key', large),
    level.put('key', new Int32Array([7])),
  ]
  await Promise.all(writes)
  expect(textOf(await level.get('key'))).toBe('07000000')
  await level.close()
})

test('an encoding that gives neither text nor a view is refused in our words', async () => {
  const broken = { name: 'broken', format: 'view', encode: () => 7, decode: (data) => data }
  const level = new Level(scratch('level'))
  const put = level.put('key', 'value', { keyEncoding: broken }).catch((thrown) => thrown)
  expect(await put).toMatchObject({ name: 'SigilError', operation: 'put' })
  const batch = level.batch()
  for (const call of [
    () => batch.put('key', 'value', { valueEncoding: broken }),
    () => batch.del('key', { keyEncoding: broken }),
  ]) {
    expect(call).toThrow(expect.objectContaining({ name: 'SigilError', operation: 'batch' }))
  }
  await batch.close()
  const iterator = level.iterator({ keyEncoding: broken })
  const seek = () => iterator.seek('key')
  expect(seek).toThrow(expect.objectContaining({ name: 'SigilError', operation: 'iterator' }))
  await iterator.close()
  await level.close()
})
