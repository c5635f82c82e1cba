// A million signatures in a directory, and a process that starts anew: verifying and signing read the
// record in question and the key, list nothing, and need no memory for the others.

const { run } = require('../support/child.js')
const { scratchFolder } = require('../support/scratch.js')

const MANY = 1_000_000
const BATCH = 1000
/** The engine's cache is 64 MiB, and Node itself takes about as much. MiB. */
const MOST = 256

const scratch = scratchFolder()

const CODES = ['first', 'middle', 'last'].map((name) => `exports.${name} = () => '${name}'\n`)

const FILL = `
  const { SigilBasedCodeAuthenticator } = require('sigil-vault')
  const store = new LevelDBSigilAdapter(path)
  const authenticator = new SigilBasedCodeAuthenticator(store)
  const files = []
  let bytes = 0
  const sign = async (code) => {
    const { authenticatedCode, authRecord } = await authenticator.embedConsciousnessSigil(code)
    files.push(authenticatedCode)
    return authRecord
  }
  const codes = ${JSON.stringify(CODES)}
  const record = await sign(codes[0])
  for (let n = 0; n < ${MANY}; n += ${BATCH}) {
    if (n === ${MANY / 2}) await sign(codes[1])
    await store.db.batch(Array.from({ length: ${BATCH} }, (_, at) => {
      // Spread over the keys, as hashes are.
      const authHash = ((n + at) * 2654435761 % 4294967296).toString(16).padStart(64, '0')
      const value = JSON.stringify({ ...record, authHash })
      bytes += value.length
      return { type: 'put', key: 'sigil:' + record.sigil.symbol + ':' + authHash, value }
    }))
  }
  await sign(codes[2])
  await store.close()
  return { files, bytes }`

const VERIFY = `
  const { SigilBasedCodeAuthenticator } = require('sigil-vault')
  const store = new LevelDBSigilAdapter(path)
  let reads = 0
  let writes = 0
  const refuse = () => { throw new Error('nothing is to be listed') }
  const watched = {
    getSigilRecord: (...names) => { reads += 1; return store.getSigilRecord(...names) },
    setSigilRecord: (...args) => { writes += 1; return store.setSigilRecord(...args) },
    allSigilRecords: refuse,
    records: refuse,
  }
  const authenticator = new SigilBasedCodeAuthenticator(watched)
  const verdicts = []
  for (const file of FILES) {
    verdicts.push((await authenticator.verifyCodeAuthenticity(file)).authentic)
    verdicts.push((await authenticator.verifyCodeAuthenticity(file + ' ')).reason)
  }
  const verified = reads
  const { authenticatedCode } = await authenticator.embedConsciousnessSigil('new')
  const known = (await authenticator.verifyCodeAuthenticity(authenticatedCode)).authentic
  const peak = process.resourceUsage().maxRSS / 1024
  const total = await store.countSigilRecords()
  await store.close()
  return { verdicts, verified, reads, writes, known, peak, total }`

test('a million records are not loaded, after a restart either', () => {
  const { files, bytes } = run(scratch('db'), FILL)
  const verify = VERIFY.replace('FILES', () => JSON.stringify(files))
  const { peak, ...rest } = run(scratch('db'), verify)
  expect(rest).toEqual({
    verdicts: [true, 'code-changed', true, 'code-changed', true, 'code-changed'],
    // Each time the record; the key once.
    verified: 7,
    // To sign, the name of the key and the key; to verify, the record.
    reads: 10,
    writes: 1,
    known: true,
    // Three and one, the key, and its name.
    total: MANY + 6,
  })
  expect(bytes / 2 ** 20).toBeGreaterThan(2 * MOST)
  expect(peak).toBeLessThan(MOST)
})
