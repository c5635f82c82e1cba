// What is saved comes back: as plain JSON would give it where JSON has words for it, without loss
// where it holds bytes, dates, large numbers, maps, sets or typed arrays; what cannot be kept is
// refused.

const fc = require('fast-check')
const { createSecretKey } = require('node:crypto')
const { inspect, types } = require('node:util')
const vm = require('node:vm')
const { InvalidParametersError } = require('sigil-vault')
const { decode, decodeList, encode } = require('../../lib/messenger-values.js')
const { cleanUp, openStore } = require('./helpers.js')

afterEach(cleanUp)

const through = (value) => decode('test', encode('test', value))
const isPlain = (value) => encode('test', value).startsWith(' ')

test('what JSON can hold is what JSON makes of it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noneString: false }), (value) => {
      expect(isPlain(value)).toBe(true)
      expect(through(value)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
  const odd = { a: undefined, b: [undefined, Number.NaN, -0], c: { toString: null }, __proto__: {} }
  expect(through(odd)).toEqual(JSON.parse(JSON.stringify(odd)))
  const boxes = { s: new String('x'), n: new Number(1), b: new Boolean(false) }
  expect(through({ boxes, big: 1n }).boxes).toEqual({ s: 'x', n: 1, b: false })
  expect(through('lone \ud800 surrogate')).toBe('lone \ud800 surrogate')
})

test('a toJSON is asked, as JSON does', () => {
  class Money {
    constructor(amount) {
      this.amount = amount
    }
    toJSON(key) {
      return { amount: this.amount, key }
    }
  }
  const value = { price: new Money(5), list: [new Money(6)], bytes: new Uint8Array([1]) }
  expect(through({ price: value.price })).toEqual({ price: { amount: 5, key: 'price' } })
  expect(through(value)).toEqual({
    price: { amount: 5, key: 'price' },
    list: [{ amount: 6, key: '0' }],
    bytes: new Uint8Array([1]),
  })
})

test('bytes, dates, large numbers and maps come back as they were', () => {
  const value = {
    buffer: Buffer.from('φ'),
    bytes: new Uint8Array([0, 255]),
    part: new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
    empty: new Uint8Array(),
    date: new Date(1234.5),
    invalid: new Date(Number.NaN),
    big: -(2n ** 80n),
    map: new Map([
      ['a', new Map([[1n, Buffer.from('x')]])],
      [{ b: 1 }, [new Date(0)]],
      [null, undefined],
    ]),
  }
  const found = through(value)
  expect(found.buffer).toEqual(value.buffer)
  expect(Buffer.isBuffer(found.buffer)).toBe(true)
  expect(Buffer.isBuffer(found.bytes)).toBe(false)
  expect([...found.bytes, ...found.part, ...found.empty]).toEqual([0, 255, 2, 3])
  expect(found.date.getTime()).toBe(1234)
  expect(found.invalid.getTime()).toBeNaN()
  expect(found.big).toBe(value.big)
  expect([...found.map]).toEqual([
    ['a', new Map([[1n, Buffer.from('x')]])],
    [{ b: 1 }, [new Date(0)]],
    [null, undefined],
  ])
})

test('sets, typed arrays and their memory come back as they were', () => {
  const views = [
    new Int8Array([-1, 127]),
    new Uint8ClampedArray([0, 255]),
    new Int16Array([-300]),
    new Uint16Array([60_000]),
    new Int32Array([-70_000]),
    new Uint32Array([4e9]),
    new Float32Array([0.5, Number.NaN]),
    new Float64Array([Math.PI, -0, Number.POSITIVE_INFINITY]),
    new BigInt64Array([-(2n ** 63n)]),
    new BigUint64Array([2n ** 64n - 1n]),
    new Float64Array(),
    new Float64Array([1, 2, 3, 4]).subarray(1, 3),
    new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
  ]
  const bytesOf = ({ buffer, byteOffset, byteLength }) => [
    ...new Uint8Array(buffer, byteOffset, byteLength),
  ]
  for (const [n, found] of through(views).entries()) {
    expect(found.constructor.name).toBe(views[n].constructor.name)
    expect(bytesOf(found)).toEqual(bytesOf(views[n]))
  }
  const buffer = through({ buffer: new Uint8Array([1, 2]).buffer }).buffer
  expect(types.isArrayBuffer(buffer)).toBe(true)
  expect([...new Uint8Array(buffer)]).toEqual([1, 2])
  const set = new Set([1, 'a', null, undefined, Number.NaN, -0n, { b: 1n }, new Set([[1]])])
  expect([...through({ set }).set]).toEqual([...set])
  expect(through(new Set())).toEqual(new Set())
  expect(through(new Map([[new Set([1]), new Float32Array([2])]]))).toEqual(
    new Map([[new Set([1]), new Float32Array([2])]]),
  )
  const foreign = vm.runInNewContext('({ set: new Set([1]), view: new Int16Array([2]) })')
  expect([...through(foreign).set, ...through(foreign).view]).toEqual([1, 2])
  // What says itself what it is in JSON is asked.
  class Tags extends Set {
    toJSON() {
      return [...this]
    }
  }
  expect(through({ tags: new Tags(['a']) })).toEqual({ tags: ['a'] })
})

test('what was written before sets and typed arrays were known reads as it did', () => {
  const text =
    '\n{"a":{"$object":{"$set":[1]}},"b":{"$object":{"$typed":["Int8Array","AQ=="]}},"c":1}'
  expect(decode('test', text)).toEqual({
    a: { $set: [1] },
    b: { $typed: ['Int8Array', 'AQ=='] },
    c: 1,
  })
  for (const value of [{ $set: [1] }, { $typed: ['Int8Array', 'AQ=='] }]) {
    expect(through(value)).toEqual(value)
    expect(through({ value, big: 1n })).toEqual({ value, big: 1n })
  }
})

test('a typed array that nobody writes is unreadable', () => {
  for (const text of ['["Function","AQ=="]', '["Float64Array","AQ=="]', '["__proto__",""]', '5']) {
    const error = thrownBy(() => decode('test', `\n{"$typed":${text}}`))
    expect(error.code).toBe('RECORD_UNREADABLE')
  }
})

// JSON would make {} of them, or leave out what counts, and nobody would hear of it.
test('what JSON would lose is refused, wherever it is', () => {
  for (const [odd, what] of [
    [/x/, 'a regular expression'],
    [new Error('x'), 'an error'],
    [Object.assign(new TypeError('x'), { code: 'E' }), 'an error'],
    [vm.runInNewContext('new RangeError("x")'), 'an error'],
    [Promise.resolve(1), 'a promise'],
    [new WeakMap(), 'a weak map'],
    [new WeakSet(), 'a weak set'],
    [new SharedArrayBuffer(1), 'shared memory'],
    [Object(Symbol('s')), 'a symbol'],
    [new Map().keys(), 'an iterator'],
    [new Set().values(), 'an iterator'],
    [(function* () {})(), 'an iterator'],
    [createSecretKey(Buffer.alloc(32)), 'a key object'],
  ]) {
    for (const value of [odd, { odd }, [[odd]], new Map([[1, odd]]), new Set([odd])]) {
      const refused = { code: 'INVALID_PARAMETERS', message: `test cannot keep ${what}` }
      expect(() => encode('test', value)).toThrow(expect.objectContaining(refused))
    }
  }
})

test('an instance of a class has its fields, as in JSON, and an error that has a toJSON what that says', () => {
  class Point {
    #hidden = 1
    x = 1
    get sum() {
      return this.x + this.#hidden
    }
  }
  expect(through({ point: new Point() })).toEqual({ point: { x: 1 } })
  expect(isPlain({ point: new Point() })).toBe(true)
  const error = Object.assign(new Error('x'), { toJSON: () => ({ message: 'x' }) })
  expect(through({ error })).toEqual({ error: { message: 'x' } })
})

// A Map tells these keys apart, and JSON has no words for them.
test('keys and values of a map are kept that JSON would make null or 0', () => {
  const odd = [undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, '']
  const keys = new Map(odd.map((key, index) => [key, index]))
  expect([...through(keys)]).toEqual([...keys])
  const values = new Map([...odd, -0, 0].map((value, index) => [index, value]))
  const found = through({ values }).values
  expect([...found]).toEqual([...values])
  expect(Object.is(found.get(6), -0)).toBe(true)
  expect(Object.is(found.get(7), 0)).toBe(true)
  const gone = new Map([['a', { toJSON: () => undefined }]])
  expect([...through(gone)]).toEqual([['a', undefined]])
  const alike = [{ $undefined: true }, { $number: 'NaN' }, { $undefined: { $number: '-0' } }]
  expect(through(new Map([['alike', alike]])).get('alike')).toEqual(alike)
  // What is deeper in a map follows JSON as it does outside of one.
  expect(through(new Map([[1, [Number.NaN, undefined]]])).get(1)).toEqual([null, null])
})

test('an error says nothing of what was stored', () => {
  for (const text of [' {"s":"SECRET", x}', '\n{"$bigint":"SECRET"}', '\n{"$secret":1}']) {
    for (const read of [
      () => decode('test', text),
      () => decodeList('test', { texts: [`[${text}]`], special: [0] }),
    ]) {
      const error = thrownBy(read)
      expect(error.code).toBe('RECORD_UNREADABLE')
      expect(error.cause).toBeUndefined()
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/secret/i)
    }
  }
})

function thrownBy(body) {
  try {
    body()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('objects that look like the encoding are what they were', () => {
  for (const value of [
    { $bytes: 'AQ==' },
    { $object: { $map: [] } },
    { $x: new Date(0) },
    { a: { $bigint: '1' }, b: 1n },
    JSON.parse('{"__proto__":{"$date":1},"big":1}'),
  ]) {
    expect(through(value)).toEqual(value)
    const beside = { value, big: 1n }
    expect(through(beside)).toEqual(beside)
  }
  const own = JSON.parse('{"__proto__":1}')
  own.big = 1n
  expect(Object.keys(through(own))).toEqual(['__proto__', 'big'])
})

test('what JSON leaves out does not make one object look like another', () => {
  const gone = { toJSON: () => undefined }
  for (const inner of [
    { $ref: 5, b: undefined },
    { $date: 5, b: undefined },
    { $map: 1, gone },
  ]) {
    const [name] = Object.keys(inner)
    const expected = { k: 1n, x: { [name]: inner[name] } }
    expect(through({ k: 1n, x: inner })).toEqual(expected)
    expect(Object.keys(through({ k: 1n, x: inner }).x)).toEqual([name])
  }
  expect(through({ k: 1n, x: { $date: undefined } })).toEqual({ k: 1n, x: {} })
})

test('a tag does not make a map, and a toJSON may give its own object', () => {
  for (const tag of ['Map', 'Date', 'Uint8Array']) {
    expect(through({ a: { [Symbol.toStringTag]: tag, kept: 1 } })).toEqual({ a: { kept: 1 } })
    const beside = { k: 1n, a: { [Symbol.toStringTag]: tag, kept: 1 } }
    expect(through(beside)).toEqual({ k: 1n, a: { kept: 1 } })
  }
  const own = {
    a: 1,
    toJSON() {
      return { ...this, toJSON: undefined, self: true }
    },
  }
  expect(through(own)).toEqual({ a: 1, self: true })
  class Self {
    a = [1n]
    toJSON() {
      return this
    }
  }
  expect(through({ it: new Self() })).toEqual({ it: { a: [1n] } })
  const around = { toJSON: () => ({ around }) }
  expect(() => encode('test', around)).toThrow(InvalidParametersError)
  const foreign = vm.runInNewContext('({ map: new Map([["a", () => 1]]) })')
  expect(() => encode('test', foreign)).toThrow(InvalidParametersError)
  const map = vm.runInNewContext('const map = new Map(); map.set(1, map); map')
  expect(() => encode('test', map)).toThrow(InvalidParametersError)
})

test('any mixture', () => {
  const special = fc.oneof(
    fc.uint8Array(),
    fc.float64Array(),
    fc.int16Array(),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0 || 0),
    fc.constant(null),
  )
  // JSON leaves a member out that is undefined, and only a member: elsewhere it is no value.
  const members = (tree) => {
    // To jest a member that is undefined is not the one that every object inherits.
    const own = fc.string().filter((name) => !(name in {}))
    const name = fc.oneof(own, fc.constantFrom('$map', '$date', '$object', '$ref'))
    return fc.dictionary(name, fc.oneof(tree, fc.constant(undefined)))
  }
  const odd = (tree) => fc.oneof(tree, fc.constantFrom(undefined, Number.NaN, -0))
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      special,
      fc.array(tie('tree')),
      members(tie('tree')),
      fc.array(odd(tie('tree'))).map((all) => new Set(all)),
      fc
        .array(fc.tuple(fc.oneof(fc.string(), fc.bigInt(), fc.double()), odd(tie('tree'))))
        .map((all) => new Map(all)),
    ),
  }))
  fc.assert(fc.property(tree, (value) => expect(through(value)).toEqual(value)))
})

test('what is of another realm is known by what it is', () => {
  const value = vm.runInNewContext(
    `({ bytes: new Uint8Array([1]), date: new Date(7), map: new Map([[1, 2]]), list: [1] })`,
  )
  const found = through(value)
  expect([...found.bytes]).toEqual([1])
  expect(found.date.getTime()).toBe(7)
  expect([...found.map]).toEqual([[1, 2]])
})

test('what nobody can keep is refused before anything is written', async () => {
  const store = await openStore()
  const circular = { id: '1' }
  circular.self = [circular]
  const deep = { id: '1' }
  for (let at = deep, n = 0; n < 100_000; n++) {
    at.next = {}
    at = at.next
  }
  const map = new Map()
  map.set('self', map)
  for (const message of [
    circular,
    deep,
    { id: '1', f() {} },
    { id: '1', s: Symbol('s') },
    { id: '1', map },
    { id: '1', list: [[() => 1]] },
    {},
    { id: '' },
    { id: null },
    { id: {} },
    { id: '\ud800' },
    null,
    'text',
    undefined,
  ]) {
    await expect(store.saveMessage(message)).rejects.toBeInstanceOf(InvalidParametersError)
  }
  await expect(store.saveSession('', {})).rejects.toBeInstanceOf(InvalidParametersError)
  await expect(store.saveProof(undefined, {})).rejects.toBeInstanceOf(InvalidParametersError)
  await expect(store.savePeer('a', undefined)).rejects.toBeInstanceOf(InvalidParametersError)
  // The same thing twice is no circle.
  const shared = { a: 1 }
  await store.savePeer('a', { one: shared, two: [shared, shared] })
  expect(await store.getPeer('a')).toEqual({ one: shared, two: [shared, shared] })
  expect(await store.getStats()).toMatchObject({ messageCount: 0, sessionCount: 0, peerCount: 1 })
})

test('what is too large is refused, by a limit that can be chosen', async () => {
  const store = await openStore(undefined, { maxValueSize: 1000 })
  const large = { id: 'large', content: 'x'.repeat(1000) }
  await expect(store.saveMessage(large)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' })
  await store.saveMessage({ id: 'fits', content: 'x'.repeat(900) })
  const usual = await openStore()
  const huge = { id: 'huge', content: 'x'.repeat(100 << 20) }
  await expect(usual.saveMessage(huge)).rejects.toMatchObject({
    code: 'VALUE_TOO_LARGE',
    name: 'InvalidParametersError',
  })
  expect((await usual.getStats()).messageCount).toBe(0)
})

test('a value is as deep as JSON can make it, and deeper is told from other mistakes', async () => {
  const nested = (depth) => {
    let value = 1
    for (let level = 0; level < depth; level++) value = { value }
    return value
  }
  const store = await openStore()
  // Less than JSON can do with a stack as deep as it is here, and more than a walk of functions.
  const deep = nested(3000)
  await store.savePeer('deep', deep)
  expect(JSON.stringify(await store.getPeer('deep')) === JSON.stringify(deep)).toBe(true)
  await expect(store.savePeer('deeper', nested(100_000))).rejects.toMatchObject({
    code: 'INVALID_PARAMETERS',
    message: expect.stringContaining('deep'),
    cause: { name: 'RangeError' },
  })
  await expect(store.savePeer('long', { bytes: Buffer.alloc(400 << 20) })).rejects.toMatchObject({
    code: 'VALUE_TOO_LARGE',
  })
  expect([...(await store.getAllPeers()).keys()]).toEqual(['deep'])
})
