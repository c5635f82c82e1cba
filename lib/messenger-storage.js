// The messenger's StorageEngine: messages, sessions, proofs and peers, encrypted at rest. Its calls,
// options, defaults and answers are those of the messenger's design; what is stored how stands in
// docs/format/vault.md.

const { basename, join } = require('node:path')
const { errorOf } = require('./errors.js')
const { given } = require('./given.js')
const {
  PageCursor,
  beforeOf,
  idOf,
  invalid,
  limitOf,
  placeOf,
} = require('./messenger-arguments.js')
const { epochFailed, epochOf } = require('./messenger-epoch.js')
const { faultListener, metricsOf, warnOfPassword } = require('./messenger-faults.js')
const { findUnreadable, readAtOnce, readOrTell } = require('./messenger-lists.js')
const { checkConfig, nativeOptions, placesOf } = require('./messenger-options.js')
const { ParsedMessages } = require('./messenger-parsed.js')
const { forget, secretOf } = require('./messenger-password.js')
const { decode, encode } = require('./messenger-values.js')
const { Vault } = require('./messenger-vault.js')
const { checkOptions } = require('./option-names.js')
const { inItsTurn } = require('./turn.js')

/** Kinds as the addon numbers them. */
const MESSAGE = 0
const SESSION = 1
const PROOF = 2
const PEER = 3

/** What faults call them. */
const NAMES = ['message', 'session', 'proof', 'peer']

const HOUR = 3_600_000

class StorageEngine {
  #config
  /** Until it was used, and no longer. */
  #password
  /** The open store; undefined before and after. */
  #vault
  #parsed = new ParsedMessages()
  #opening
  /** Why it can never be opened. */
  #failure
  #closing
  #isClosed = false
  #tellClosing
  #closeCalled = new Promise((resolve) => {
    this.#tellClosing = resolve
  })

  /** @param {Record<string, any>} config */
  constructor(config) {
    if (typeof config !== 'object' || config === null) {
      throw invalid('StorageEngine', `a configuration that is an object, not ${given(config)}`)
    }
    const { encryptionPassword, ...rest } = config
    this.#config = { autoBackup: true, backupInterval: HOUR, ...definedOf(rest) }
    checkConfig(this.#config)
    this.#password = secretOf('StorageEngine', encryptionPassword, 'an encryptionPassword')
  }

  /**
   * Opens the store, or makes it where there is none. What failed for a passing reason can be tried
   * again; after any other failure the password is forgotten.
   */
  async initialize() {
    if (this.#vault !== undefined && this.#closing === undefined) return
    if (this.#isClosed || this.#closing !== undefined) {
      // It has forgotten its password.
      throw notInitialized('initialize')
    }
    if (this.#failure !== undefined) {
      const message = 'a StorageEngine that could not be opened has forgotten its password'
      throw errorOf('NOT_INITIALIZED', message, { operation: 'initialize', cause: this.#failure })
    }
    this.#opening ??= this.#open()
      .catch((error) => {
        if (error.transient) throw error
        this.#failure = error
        this.#forgetPassword()
        throw error
      })
      .finally(() => {
        this.#opening = undefined
      })
    await this.#opening
  }

  async #open() {
    const { onFault, getEpoch, setEpoch } = this.#config
    const { root, backups } = placesOf(this.#config)
    const epoch =
      getEpoch === undefined
        ? undefined
        : await epochOf('initialize', () => this.#unlessClosed(getEpoch))
    const options = nativeOptions(this.#config, backups, epoch)
    const vault = await Vault.open(root, this.#password, options, faultListener(onFault))
    if (this.#isClosed) {
      await vault.close()
      throw notInitialized('initialize')
    }
    if (setEpoch !== undefined) {
      try {
        const begun = vault.call('initialize', (native) => native.epoch())
        await this.#unlessClosed(() => setEpoch(begun))
      } catch (error) {
        await vault.close()
        throw epochFailed('initialize', error)
      }
    }
    this.#vault = vault
    if (onFault !== undefined) warnOfPassword(onFault, this.#password)
    this.#forgetPassword()
  }

  /** What a function of the host's gives. Closing does not wait for it: it may never come. */
  async #unlessClosed(ask) {
    const answer = await Promise.race([ask(), this.#closeCalled])
    if (this.#isClosed) throw notInitialized('initialize')
    return answer
  }

  #forgetPassword() {
    forget(this.#password)
    this.#password = undefined
  }

  async saveMessage(message) {
    const operation = 'saveMessage'
    const vault = this.#opened(operation)
    const { id, sender, recipient, time } = placeOf(operation, message)
    const text = encode(operation, message)
    await vault.change(operation, (native) => native.saveMessage(id, time, sender, recipient, text))
  }

  getMessage(id) {
    return this.#get('getMessage', MESSAGE, id)
  }

  async getMessagesByPeer(peerId, limit = 50, options = {}) {
    const operation = 'getMessagesByPeer'
    const vault = this.#opened(operation)
    return this.#page(operation, vault, idOf(operation, peerId, 'a peer'), limit, options)
  }

  async getRecentMessages(limit = 100, options = {}) {
    const operation = 'getRecentMessages'
    return this.#page(operation, this.#opened(operation), undefined, limit, options)
  }

  deleteMessage(id) {
    return this.#remove('deleteMessage', MESSAGE, id)
  }

  saveSession(peerId, session) {
    return this.#save('saveSession', SESSION, peerId, session)
  }

  getSession(peerId) {
    return this.#get('getSession', SESSION, peerId)
  }

  deleteSession(peerId) {
    return this.#remove('deleteSession', SESSION, peerId)
  }

  getAllSessions() {
    return this.#all('getAllSessions', SESSION)
  }

  saveProof(proofId, proof) {
    return this.#save('saveProof', PROOF, proofId, proof)
  }

  getProof(proofId) {
    return this.#get('getProof', PROOF, proofId)
  }

  savePeer(peerId, peerData) {
    return this.#save('savePeer', PEER, peerId, peerData)
  }

  getPeer(peerId) {
    return this.#get('getPeer', PEER, peerId)
  }

  getAllPeers() {
    return this.#all('getAllPeers', PEER)
  }

  async getStats() {
    const operation = 'getStats'
    const stats = this.#opened(operation).call(operation, (native) => native.stats())
    return inItsTurn({
      messageCount: stats.messages,
      sessionCount: stats.sessions,
      proofCount: stats.proofs,
      peerCount: stats.peers,
      totalSize: stats.totalSize,
      lastBackup: stats.lastBackup ?? undefined,
    })
  }

  /** Counts of what happened since the store was opened, for a monitor. */
  getMetrics() {
    return metricsOf({ metrics: () => this.#opened('getMetrics').call('getMetrics', metrics) })
  }

  /** Removes everything and destroys the keys that it was encrypted with. */
  async clearAllData() {
    await this.#maintain('clearAllData', (native) => native.clear())
    this.#parsed = new ParsedMessages()
  }

  /** Returns when what was deleted before is in no file any more. */
  async purge() {
    await this.#maintain('purge', (native) => native.purge())
  }

  async backup() {
    const path = await this.#maintain('backup', (native) => native.backup())
    return join(placesOf(this.#config).backups, basename(path))
  }

  /** What a backup has, when it is whole. */
  async verifyBackup(backupPath, options = {}) {
    return this.#withBackup('verifyBackup', backupPath, options)
  }

  /** Replaces everything by what a backup has. */
  async restore(backupPath, options = {}) {
    await this.#withBackup('restore', backupPath, options)
  }

  async changePassword(oldPassword, newPassword) {
    const operation = 'changePassword'
    this.#opened(operation)
    const old = secretOf(operation, oldPassword)
    const fresh = secretOf(operation, newPassword)
    const change = (native) => native.changePassword(old, fresh)
    await this.#maintain(operation, change).finally(() => forget(old, fresh))
  }

  /** Encrypts everything with a new key, while the store is in use. */
  async rotateKey() {
    await this.#maintain('rotateKey', (native) => native.rotateKey())
  }

  /** Reads everything there is and tells what cannot be read. */
  async verify() {
    const operation = 'verify'
    const vault = this.#opened(operation)
    const found = await vault.run(operation, (native) => native.verify())
    const items = [SESSION, PROOF, PEER].map((kind) => [kind, NAMES[kind]])
    const undecodable = await findUnreadable(operation, vault, items)
    if (undecodable.length === 0) return found
    return { ...found, whole: false, unreadable: [...found.unreadable, ...undecodable] }
  }

  /**
   * Waits for what is under way and zeroes the keys. Backups and rotations are not waited for: they
   * end as if they had been asked for afterwards, and a rotation goes on when the store is opened
   * again. Closing again waits for the first.
   */
  async close() {
    this.#isClosed = true
    this.#tellClosing()
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close() {
    await this.#opening?.catch(() => {})
    this.#forgetPassword()
    const vault = this.#vault
    if (vault === undefined) return
    vault.call('close', (native) => native.beginClosing())
    await vault.settle()
    const { setEpoch } = this.#config
    let epoch
    let failure
    if (setEpoch !== undefined) {
      try {
        epoch = await vault.run('close', (native) => native.beginEpoch())
      } catch (error) {
        failure = epochFailed('close', error)
      }
    }
    this.#vault = undefined
    this.#parsed = undefined
    await vault.close()
    if (failure !== undefined) throw failure
    // By now nothing is held any more, however long the host takes.
    if (epoch !== undefined) {
      await Promise.resolve(epoch)
        .then(setEpoch)
        .catch((error) => {
          throw epochFailed('close', error)
        })
    }
  }

  #opened(operation) {
    if (this.#vault === undefined || this.#isClosed) throw notInitialized(operation)
    return this.#vault
  }

  async #maintain(operation, body) {
    try {
      return await this.#opened(operation).maintain(operation, body)
    } catch (error) {
      throw error.code === 'NOT_INITIALIZED' ? notInitialized(operation) : error
    }
  }

  async #withBackup(operation, path, options) {
    this.#opened(operation)
    checkOptions(operation, options, ['password'])
    const { password } = options
    if (typeof path !== 'string' || path === '')
      throw invalid(operation, `the path of a backup, not ${given(path)}`)
    const secret = password === undefined ? undefined : secretOf(operation, password)
    const work = (native) =>
      operation === 'restore' ? native.restore(path, secret) : native.verifyBackup(path, secret)
    return this.#maintain(operation, work).finally(() => forget(secret))
  }

  async #get(operation, kind, id) {
    const vault = this.#opened(operation)
    const name = idOf(operation, id, 'an id')
    const answerOf = (text) => (text === undefined ? null : decode(operation, text))
    const text = vault.call(operation, (native) => native.getIfCached(kind, name))
    if (text !== null) return inItsTurn(answerOf(text))
    return answerOf(await vault.run(operation, (native) => native.get(kind, name)))
  }

  async #save(operation, kind, id, value) {
    const vault = this.#opened(operation)
    const name = idOf(operation, id, 'an id')
    const text = encode(operation, value)
    await vault.change(operation, (native) => native.saveItem(kind, name, text))
  }

  async #remove(operation, kind, id) {
    const vault = this.#opened(operation)
    const name = idOf(operation, id, 'an id')
    await vault.change(operation, (native) => native.remove(kind, name))
  }

  async #all(operation, kind) {
    const vault = this.#opened(operation)
    const ask = (native, apart) => native.items(kind, apart)
    const list = await readOrTell(operation, vault, NAMES[kind], this.#config.onFault, ask)
    return new Map(list.ids.map((id, index) => [id, list.values[index]]))
  }

  /** An array of messages, with a cursor for the next page beside its members. */
  async #page(operation, vault, peer, limit, options) {
    const given = options ?? {}
    checkOptions(operation, given, ['before'])
    const { cursor, id, time } = beforeOf(operation, given.before)
    const count = limitOf(operation, limit)
    const atOnce = (native) => native.messagesAtOnce(peer, count, cursor, id, time)
    const ask = (native, apart) =>
      (apart ? null : readAtOnce(native, this.#parsed, atOnce)) ??
      native.messages(peer, { count }, cursor, id, time, apart)
    const list = await readOrTell(operation, vault, NAMES[MESSAGE], this.#config.onFault, ask)
    const next = list.cursor ? new PageCursor(list.cursor) : undefined
    return Object.defineProperty(list.values, 'cursor', { value: next })
  }
}

const metrics = (native) => native.metrics()

function definedOf(config) {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
}

function notInitialized(operation) {
  return errorOf('NOT_INITIALIZED', 'StorageEngine not initialized', { operation })
}

module.exports = { StorageEngine }
