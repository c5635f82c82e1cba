// What the service takes from its environment, and what it does where that says nothing.

const { readConfig } = require('../../server/config.js')

const DEFAULTS = { host: '127.0.0.1', port: 3000, logLevel: 'info' }

test('where the environment says nothing, it is this machine alone, at port 3000', () => {
  expect(readConfig({})).toEqual(DEFAULTS)
  expect(readConfig({ HOST: '', PORT: '', LOG_LEVEL: '' })).toEqual(DEFAULTS)
})

test('what the environment says counts', () => {
  const env = { HOST: '0.0.0.0', PORT: '8080', LOG_LEVEL: 'warn' }
  expect(readConfig(env)).toEqual({ host: '0.0.0.0', port: 8080, logLevel: 'warn' })
  expect(readConfig({ PORT: '0' }).port).toBe(0)
  expect(readConfig({ PORT: '65535' }).port).toBe(65_535)
})

test.each(['65536', '-1', '80.5', '0x50', ' 80', 'http'])('%j is no port', (PORT) => {
  expect(() => readConfig({ PORT })).toThrow(
    expect.objectContaining({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining('PORT'),
    }),
  )
})
