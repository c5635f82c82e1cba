// Guards the types of the code authenticator: that a rejection has a reason, and nothing else has.

import { LevelDBSigilAdapter, SigilBasedCodeAuthenticator } from 'sigil-vault'

async function use() {
  const store = new LevelDBSigilAdapter('db')
  const authenticator = new SigilBasedCodeAuthenticator(store, { tenantId: 'acme' })
  const { authenticatedCode } = await authenticator.embedConsciousnessSigil('code', { phi: 1 })
  const verdict = await authenticator.verifyCodeAuthenticity(authenticatedCode)
  if (verdict.authentic) return verdict.authRecord.codeDNA.sequence
  if (verdict.reason === 'code-changed') return verdict.message
  // @ts-expect-error no such reason
  if (verdict.reason === 'tired') return verdict.sigil?.symbol
  return authenticator.getAuthenticationStats().rejected['no-header']?.toFixed()
}

// @ts-expect-error a store has methods
new SigilBasedCodeAuthenticator({})

export { use }
