// The contract that every store of sigil records keeps, as one suite that takes a factory:
//
//   contractSuite('memory', { create: () => new InMemoryStorageDriver() })
//
// `create` gives a new, empty store, which the suite closes. `keepsNul: false` is for a store that
// refuses NUL in names instead of keeping it.

const { argumentRules } = require('./argument-rules.js')
const { batches } = require('./batches.js')
const { health } = require('./health.js')
const { listing } = require('./listing.js')
const { model } = require('./model.js')
const { records } = require('./records.js')
const { tenants } = require('./tenants.js')

/**
 * @param {string} name
 * @param {{ create: () => any, keepsNul?: boolean }} factory
 */
function contractSuite(name, factory) {
  describe(`the contract, kept by ${name}`, () => {
    const context = { keepsNul: true, ...factory, store: undefined }

    beforeEach(async () => {
      context.store = await factory.create()
    })

    afterEach(() => context.store.close())

    for (const part of [records, tenants, argumentRules, listing, batches, health, model]) {
      part(context)
    }
  })
}

module.exports = { contractSuite }
