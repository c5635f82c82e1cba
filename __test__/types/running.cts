// Guards the types of what is there for running a store: numbers, faults, repair, the doctor.

import { Registry } from 'prom-client'
import {
  doctor,
  Level,
  LevelDBSigilAdapter,
  metrics,
  type RepairReport,
  registerMetrics,
} from 'sigil-vault'

const store = new LevelDBSigilAdapter('db', {
  metricsLabels: { store: 'main' },
  notFoundError: true,
  onFault: ({ kind, times, error }) => [kind === 'reserve', times + 1, error.code],
  logger: { debug() {}, info() {}, warn() {}, error(_details: object, _message: string) {} },
})

async function use() {
  registerMetrics(new Registry())
  const text: string = metrics()
  const report: RepairReport = await Level.repair('db')
  const lost = report.damages.reduce((sum, { bytes }) => sum + bytes, 0)
  const { misfiled } = await doctor('db', { fix: true, signal: AbortSignal.timeout(1) })
  const value: string | undefined = await store.db.get('key', { notFoundError: true })
  // @ts-expect-error a registry is needed
  registerMetrics({})
  // @ts-expect-error a logger has all of its methods
  new LevelDBSigilAdapter('db', { logger: { info() {} } })
  return [text, lost, misfiled.map(({ meant }) => meant.symbol), value]
}

export { use }
