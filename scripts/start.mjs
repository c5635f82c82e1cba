// `npm start`: sets the clone up, then runs the service in this process, so that signals reach it.

import { ensureAddon, ensureDependencies } from './setup.mjs'

ensureDependencies()
ensureAddon()
await import('../server/main.js')
