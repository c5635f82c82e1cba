// Guards signed code where several processes sign into one database: whoever makes the first key,
// everybody finds authentic what anybody has signed, and nobody else's.

const { SigilBasedCodeAuthenticator } = require('sigil-vault')
const { freshSchema, freshStore } = require('./support.js')

test('many who sign at once, without a key before, are all verified by all', async () => {
  const schema = freshSchema()
  const stores = Array.from({ length: 6 }, () => freshStore({ schema, max: 2 }))
  const authenticators = stores.map((store) => new SigilBasedCodeAuthenticator(store))
  const signed = await Promise.all(
    authenticators.map((one, n) => one.embedConsciousnessSigil(`exports.n = ${n}\n`, { phi: n })),
  )
  const another = freshStore({ schema })
  for (const authenticator of [...authenticators, new SigilBasedCodeAuthenticator(another)]) {
    for (const { authenticatedCode, authRecord } of signed) {
      const verdict = await authenticator.verifyCodeAuthenticity(authenticatedCode)
      expect(verdict).toMatchObject({ authentic: true, authRecord })
      const changed = await authenticator.verifyCodeAuthenticity(`${authenticatedCode} `)
      expect(changed).toMatchObject({ authentic: false, reason: 'code-changed' })
    }
  }
  const elsewhere = new SigilBasedCodeAuthenticator(another, { tenantId: 'acme' })
  const verdict = await elsewhere.verifyCodeAuthenticity(signed[0].authenticatedCode)
  expect(verdict).toMatchObject({ authentic: false, reason: 'other-tenant' })
  await Promise.all([...stores, another].map((store) => store.close()))
})
