// The PostgreSQL adapter keeps the contract that every store keeps; what is its own is tested beside.

const { contractSuite } = require('../contract/suite.js')
const { freshStore } = require('./support.js')

contractSuite('PostgresSigilAdapter', { create: () => freshStore() })
