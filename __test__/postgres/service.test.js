// The service on a PostgreSQL store: it mints and lists, and says so when the database is away.

const { PostgresSigilAdapter, SigilIdentity } = require('sigil-vault')
const { createServer } = require('sigil-vault/server')
const { freshSchema } = require('./support.js')
const { cutAll, proxy } = require('./proxy.js')

afterEach(cutAll)

test('it mints, lists, and works again when the database is back', async () => {
  const way = await proxy()
  const store = new PostgresSigilAdapter(way.url, { schema: freshSchema(), connectTimeout: 1000 })
  const identity = new SigilIdentity(store)
  const app = await createServer({ store, identity: () => identity.getIdentity() })
  const mint = (n) =>
    app.inject({ method: 'POST', url: '/api/consciousness/sigils', payload: { n } })
  const minted = await Promise.all(Array.from({ length: 50 }, (_, n) => mint(n)))
  expect(new Set(minted.map((answer) => answer.json().sigil.id)).size).toBe(50)
  await way.cut()
  expect((await mint(50)).statusCode).toBe(503)
  await way.restore()
  expect((await mint(50)).statusCode).toBe(200)
  expect((await app.inject('/sigils')).json().total).toBe(51)
  await app.close()
  await store.close()
})
