/** The thread's HTTP connections: kept alive between documents, and checked for where they lead. */
import { lookup } from 'node:dns'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { buildConnector as Connector } from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import Client from 'undici/lib/dispatcher/client.js'
import { MillError } from '../../src/errors.ts'
import { isPublicAddress } from './address.ts'
import type { ReadBuffers } from './read-buffers.ts'

/** undici's default of 16 KiB is less than what some servers send in cookies and policies. */
const MAX_HEADER_BYTES = 64 << 10

/**
 * Node gives each address of a host 250 ms and then drops it for good, so that a distant IPv4 host is lost when its IPv6
 * address does not answer either.
 */
const ADDRESS_ATTEMPT_MS = 2500

/** One connection, or the place of one: undici connects it anew when the server closed it between two documents. */
export interface Lane {
  readonly client: Client
  /** Answers that came over the connection as it stands; 0 on a fresh one. */
  served: number
  /** Whether the connection leads to a public address, true before there is one. */
  isPublic: boolean
  /** Under which it is kept while idle. */
  readonly key: string
  socket: Socket | undefined
}

export interface ConnectionOptions {
  readonly connectTimeoutMs: number
  /** With `--cacert`: its certificates and the built-in ones. */
  readonly secureContext: SecureContext | undefined
  /** What all of them read into. */
  readonly buffers: ReadBuffers
}

/** Owns every connection of a thread. One request at a time goes over a lane. */
export class Connections {
  readonly #open: Connector.connector
  readonly #guarded: Connector.connector
  readonly #idle = new Map<string, Lane[]>()
  readonly #lanes = new Set<Lane>()
  #isClosed = false

  constructor(options: ConnectionOptions) {
    const shared = {
      allowH2: false,
      timeout: options.connectTimeoutMs,
      onread: options.buffers.onread,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: Math.min(ADDRESS_ATTEMPT_MS, Math.ceil(options.connectTimeoutMs / 2)),
      ...(options.secureContext === undefined ? {} : { secureContext: options.secureContext }),
    }
    this.#open = buildConnector(shared)
    this.#guarded = buildConnector({ ...shared, lookup: lookupPublic })
  }

  /**
   * A lane to `origin`: an idle one, or a new one.
   * @param guarded connect to public addresses only; the address checked is the one connected to
   * @param fresh do not take an idle one
   * @throws MillError ABORTED after `close`
   */
  take(origin: string, guarded: boolean, fresh: boolean): Lane {
    if (this.#isClosed) throw new MillError('ABORTED', 'downloads were stopped')
    const key = guarded ? `public ${origin}` : origin
    if (!fresh) {
      const idle = this.#idle.get(key)
      const lane = idle?.pop()
      if (idle?.length === 0) this.#idle.delete(key)
      if (lane !== undefined) return lane
    }
    return this.#create(origin, key, guarded)
  }

  /** Gives a lane back after its answer ended; `reusable` is false when the exchange failed or was broken off. */
  release(lane: Lane, reusable: boolean): void {
    if (!reusable || lane.client.destroyed) {
      void this.#destroy(lane)
      return
    }
    lane.served++
    const idle = this.#idle.get(lane.key)
    if (idle === undefined) this.#idle.set(lane.key, [lane])
    else idle.push(lane)
  }

  /** Cuts every connection, also those in use. */
  async close(): Promise<void> {
    this.#isClosed = true
    const closing = [...this.#lanes].map((lane) => this.#destroy(lane))
    await Promise.all(closing)
  }

  #create(origin: string, key: string, guarded: boolean): Lane {
    const connect = (options: Connector.Options, callback: Connector.Callback): void => {
      const refusal = guarded ? literalRefusal(options.hostname) : undefined
      if (refusal !== undefined) {
        callback(refusal, null)
        return
      }
      const connector: (options: Connector.Options, callback: Connector.Callback) => unknown = guarded
        ? this.#guarded
        : this.#open
      const socket = connector(options, (...result) => {
        lane.served = 0
        const { remoteAddress } = result[1] ?? {}
        lane.isPublic = remoteAddress === undefined || isPublicAddress(remoteAddress)
        callback(...result)
      })
      // undici's connector returns its socket; without it a connection under way could not be cut.
      if (isSocket(socket)) lane.socket = socket
    }
    const client = new Client(origin, {
      connect,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Both are the watchdog's matter.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const lane: Lane = { client, served: 0, isPublic: true, key, socket: undefined }
    client.on('disconnect', () => {
      const idle = this.#idle.get(key)
      const place = idle?.indexOf(lane) ?? -1
      if (idle === undefined || place < 0) return
      idle.splice(place, 1)
      if (idle.length === 0) this.#idle.delete(key)
      void this.#destroy(lane)
    })
    this.#lanes.add(lane)
    return lane
  }

  #destroy(lane: Lane): Promise<void> {
    this.#lanes.delete(lane)
    const done = lane.client.destroyed ? Promise.resolve() : lane.client.destroy()
    lane.socket?.destroy()
    return done
  }
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'destroy' in value
}

/** Node looks no literal up: `lookupPublic` never sees one. */
function literalRefusal(hostname: string): MillError | undefined {
  if (isIP(hostname) === 0 || isPublicAddress(hostname)) return undefined
  return new MillError('ADDRESS_REFUSED', `${hostname} is not a public address`)
}

/** Resolves to public addresses or not at all: a name with a single private address among its own is refused. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, [])
    const refused = addresses.find(({ address }) => !isPublicAddress(address))
    if (refused !== undefined) {
      const message = `${hostname} resolves to ${refused.address}, which is not a public address`
      return callback(new MillError('ADDRESS_REFUSED', message), [])
    }
    if (options.all === true) return callback(null, addresses)
    const [first] = addresses
    if (first === undefined) return callback(new MillError('DNS_FAILED', `${hostname} has no address`), [])
    callback(null, first.address, first.family)
  })
}
