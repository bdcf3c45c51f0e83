/**
 * The parts of undici that a plain download needs, by file: the whole package loads fetch, WebSocket and caches with it
 * and takes 60 ms of every thread's start, these two take 20 ms. undici exports no types under these names.
 */
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici'
}

declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici'
}
