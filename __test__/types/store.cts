// Guards the types of the record interface: both generations of calls, and what is refused.

import { Pool } from 'pg'
import {
  createSigilStore,
  InMemoryStorageDriver,
  LevelDBSigilAdapter,
  PostgresSigilAdapter,
  type SigilStore,
  type SigilStoreOptions,
  type TenantRecord,
} from 'sigil-vault'

interface Sigil {
  symbol: string
  parts?: { seen: Date; names: Map<string, string> }[]
}
/** With fields that are named like those of other kinds. */
interface Rule {
  then: string
  length: number
}
class Signed {
  constructor(readonly code: string) {}
  toJSON() {
    return { code: this.code }
  }
}

/** What is a record, and what is not. */
export async function records(store: SigilStore, sigil: Sigil, anything: unknown, rule: Rule) {
  await store.setSigilRecord('⟐', 'hash', sigil)
  await store.setSigilRecord('t', '⟐', 'hash', sigil)
  await store.setSigilRecord('⟐', 'hash', new Signed('code'))
  await store.setSigilRecord('⟐', 'hash', JSON.parse('{}'))
  await store.setSigilRecord('⟐', 'hash', rule)
  await store.setSigilRecord('⟐', 'hash', { ...sigil, more: anything })
  // @ts-expect-error an array
  await store.setSigilRecord('⟐', 'hash', [sigil])
  // @ts-expect-error a date
  await store.setSigilRecord('⟐', 'hash', new Date())
  // @ts-expect-error an await is missing
  await store.setSigilRecord('⟐', 'hash', store.getSigilRecord('⟐', 'other'))
  // @ts-expect-error an await is missing
  await store.setSigilRecord('t', '⟐', 'hash', Promise.resolve({}))
  // @ts-expect-error a call is missing
  await store.setSigilRecord('⟐', 'hash', () => sigil)
  // @ts-expect-error its entries would be lost
  await store.setSigilRecord('⟐', 'hash', new Map())
  // @ts-expect-error bytes
  await store.setSigilRecord('⟐', 'hash', Buffer.from('{}'))
  // @ts-expect-error it may be anything
  await store.setSigilRecord('⟐', 'hash', anything)
  // @ts-expect-error text
  await store.setSigilRecord('⟐', 'hash', '{}')
}

async function use(store: SigilStore, signal: AbortSignal) {
  await store.setSigilRecord('⟐', 'hash', { any: 'thing' })
  await store.setSigilRecord('⟐', 'hash', { any: 'thing' }, { signal })
  await store.setSigilRecord('id', Date.now(), {})
  await store.setSigilRecord('tenant', '⟐', 'hash', {}, { durability: 'sync', signal })
  await store.setSigilRecord(null, '⟐', 'hash', {})
  const shared = await store.getSigilRecord('⟐', 'hash')
  const anything: string = shared?.whatever
  const own: TenantRecord | undefined = await store.getSigilRecord('tenant', '⟐', 'hash')
  const page = await store.allSigilRecords('tenant', { limit: 10, cursor: own?.sigilId })
  await store.allSigilRecords('tenant', { cursor: page.at(-1), filter: { kind: 'x' } })
  for await (const record of store.records({ tenantId: 'tenant' })) record.updatedAt.slice(0, 10)
  await store.batch([
    { type: 'put', tenantId: 't', sigilId: 's', authHash: 'h', record: {} },
    { type: 'del', tenantId: 't', sigilId: 's', authHash: 'h' },
  ])
  const { status } = await store.getHealth({ signal })

  // @ts-expect-error a record where the hash belongs
  await store.setSigilRecord('tenant', '⟐', { any: 'thing' }, { any: 'thing' })
  // @ts-expect-error a tenant is a string
  await store.allSigilRecords({ $ne: null })
  // @ts-expect-error null is a tenant for writing only
  await store.getSigilRecord(null, '⟐', 'hash')
  // @ts-expect-error a put has a record
  await store.batch([{ type: 'put', tenantId: 't', sigilId: 's', authHash: 'h' }])
  return [anything, status]
}

class Counting extends InMemoryStorageDriver {
  closed = 0
  override async close() {
    this.closed += 1
    await super.close()
  }
}
use(new Counting(), AbortSignal.timeout(1))
const found: string = new Counting().getSigilRecordSync('⟐', 'hash')?.any
// @ts-expect-error it has a server, which cannot be asked at once
new PostgresSigilAdapter().getSigilRecordSync('⟐', found)
use(new InMemoryStorageDriver(), AbortSignal.timeout(1))
use(new PostgresSigilAdapter(new Pool(), { schema: 'sigils' }), AbortSignal.timeout(1))
use(new PostgresSigilAdapter('postgres://host/name', { max: 5 }), AbortSignal.timeout(1))
createSigilStore({ backend: 'postgres', database: new Pool() })
// @ts-expect-error a pool, not its options
new PostgresSigilAdapter({ host: 'host' })
use(createSigilStore({ backend: 'memory' }), AbortSignal.timeout(1))
// @ts-expect-error only what the package has is exported
export type Inner = import('sigil-vault').StoreOfClass
// @ts-expect-error no such backend
createSigilStore({ backend: 'floppy' })
// @ts-expect-error misspelt, where the environment picks the backend
createSigilStore({ durabilty: 'sync' })
// @ts-expect-error misspelt
createSigilStore({ backend: 'leveldb', cachesize: 1 })
// @ts-expect-error misspelt
createSigilStore({ backend: 'postgres', shema: 'sigils' })
// @ts-expect-error misspelt
createSigilStore({ backend: 'memory', noww: () => new Date() })
// @ts-expect-error an option of another backend than the one that is asked for
createSigilStore({ backend: 'memory', durability: 'sync' })
// @ts-expect-error no such durability
createSigilStore({ durability: 'forever' })

/** A deployment that picks one at run time says what each would need. */
export function picked(backend: 'leveldb' | 'postgres' | 'memory', path: string | undefined) {
  const same: SigilStore = createSigilStore({ backend, path, database: new Pool() })
  const options: SigilStoreOptions = { path: 'db', durability: 'sync', schema: 'sigils' }
  return [same, createSigilStore(options), createSigilStore({ path: 'db' }), createSigilStore()]
}
const exclusive = { createIfMissing: true, errorIfExists: true, readOnly: false }
use(createSigilStore({ backend: 'leveldb', ...exclusive }), AbortSignal.timeout(1))
use(new LevelDBSigilAdapter('db', { errorIfExists: true }), AbortSignal.timeout(1))
