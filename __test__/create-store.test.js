// Guards that a deployment gets the backend that it asks for, or a clear refusal.

const { InMemoryStorageDriver, createSigilStore } = require('sigil-vault')

const kept = process.env.SIGIL_STORAGE_BACKEND

afterEach(() => {
  if (kept === undefined) delete process.env.SIGIL_STORAGE_BACKEND
  else process.env.SIGIL_STORAGE_BACKEND = kept
})

test('memory, by the environment or by an option', () => {
  process.env.SIGIL_STORAGE_BACKEND = 'memory'
  expect(createSigilStore()).toBeInstanceOf(InMemoryStorageDriver)
  process.env.SIGIL_STORAGE_BACKEND = 'nonsense'
  expect(createSigilStore({ backend: 'memory' })).toBeInstanceOf(InMemoryStorageDriver)
})

test('a backend that is not part of this version is said to be unavailable', () => {
  delete process.env.SIGIL_STORAGE_BACKEND
  for (const options of [undefined, { backend: 'leveldb' }, { backend: 'postgres' }]) {
    expect(() => createSigilStore(options)).toThrow(
      expect.objectContaining({ code: 'STORAGE_UNAVAILABLE', operation: 'createSigilStore' }),
    )
  }
})

test('a backend that does not exist is an invalid parameter', () => {
  process.env.SIGIL_STORAGE_BACKEND = 'floppy'
  expect(() => createSigilStore()).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' }))
})
