// Stands for the tests with a PostgreSQL server where there is none.

const { missing } = require('./postgres-platform.js')
const { testWhere } = require('./where-possible.js')

testWhere(missing())('records and identities in PostgreSQL', () => {})
