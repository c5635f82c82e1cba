// Values that nobody should give to anything, and that somebody will.

const revoked = Proxy.revocable({}, {})
revoked.revoke()

const throws = () => {
  throw new Error('hands off')
}
const circle = {}
circle.self = circle
function nested(depth) {
  let value = []
  for (let n = 0; n < depth; n++) value = [value]
  return value
}

/** With a name for each. */
const HOSTILE = Object.entries({
  undefined,
  null: null,
  true: true,
  zero: 0,
  'minus one': -1,
  half: 0.5,
  NaN: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  'a big number': 2 ** 60,
  'a bigint': 1n,
  'a symbol': Symbol('s'),
  'an empty string': '',
  NUL: '\0',
  'a lone surrogate': '\ud800',
  'a long string': 'x'.repeat(2_000_000),
  'a key of others': 'sigil:x:y',
  __proto__name: '__proto__',
  'a function': () => 1,
  'an array': [],
  'an object': {},
  'an object without prototype': Object.create(null),
  'a polluting object': JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'),
  'a circle': circle,
  'something deep': nested(100_000),
  'something less deep': nested(1000),
  // biome-ignore lint/suspicious/noThenProperty: waiting for it must do no harm
  'a thenable': { then: (resolve) => resolve('then') },
  'a toJSON that throws': { toJSON: throws },
  'a toString that throws': { toString: throws, [Symbol.toPrimitive]: throws },
  'a proxy that throws': new Proxy({}, { get: throws, ownKeys: throws, has: throws }),
  'a revoked proxy': revoked.proxy,
  'a getter that throws': Object.defineProperty({}, 'phi', { enumerable: true, get: throws }),
  bytes: new Uint8Array([0xff, 0xfe]),
  'a date that is none': new Date(Number.NaN),
  'an impostor': { length: 1, id: 'x', symbol: {}, signal: {} },
})

module.exports = { HOSTILE }
