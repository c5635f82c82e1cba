// Guards the types of an identity: its events, its collections, and what it can be given.

import {
  type Crystal,
  InMemoryStorageDriver,
  installShutdownHooks,
  LevelDBSigilAdapter,
  SigilIdentity,
} from 'sigil-vault'

async function use() {
  const store = new LevelDBSigilAdapter('db')
  const identity = new SigilIdentity(store, {
    memoryConfig: { maxSigils: 5 },
    leaseDuration: 30_000,
    clock: { now: () => Date.now(), elapsed: () => performance.now() },
  })
  identity.on('memory-decay', ({ released }) => released + 1)
  identity.on('lease', ({ held }: { held: boolean }) => held)
  identity.on('fault', ({ kind, error }) => [kind === 'storage', error])
  const uninstall: () => void = installShutdownHooks(identity, store, { timeLimit: 1000 })
  await identity.start()
  const { id, decay } = await identity.encodeSigilMemory({ any: 'thing' }, { phi: 0.5 })
  const recalled = await identity.recallSigilMemory(id)
  for (const [key, memory] of identity.sigilMemory) key === memory.id
  const [first] = identity.resonanceNetwork.get(id) ?? []
  const crystal: Crystal | undefined = identity.crystallizedStates.get(id)
  if (crystal?.type === 'pattern-crystal') crystal.strength.toFixed()
  uninstall()
  // @ts-expect-error the collections are read
  identity.sigilMemory.set('id', {})
  // @ts-expect-error a store has methods
  new SigilIdentity({})
  return [decay, recalled?.accessCount, first?.resonance]
}

new SigilIdentity(new InMemoryStorageDriver())
new SigilIdentity(new InMemoryStorageDriver(), {
  memoryConfig: { maxSigils: undefined },
  clock: undefined,
  decayPeriod: undefined,
})
new SigilIdentity()

export { use }
