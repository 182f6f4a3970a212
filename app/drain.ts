import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface Drain {
  readonly isDraining: () => boolean
  /**
   * Takes no new connection, finishes the requests that have begun and closes every connection after its last one.
   * @returns whether that was done within `timeoutMs`; what was left is cut off
   */
  begin(timeoutMs: number): Promise<boolean>
}

/** To be called before the server listens: it has to know every connection, half-made ones included. */
export function createDrain(server: Server): Drain {
  const sockets = new Set<Socket>()
  let draining = false
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.prependListener('request', (_request, response) => {
    if (draining) response.setHeader('Connection', 'close')
    // An answer that had begun before could not say so: its connection is idle afterwards, and closed then.
    response.once('close', () => draining && setImmediate(() => server.closeIdleConnections()))
  })
  return {
    isDraining: () => draining,
    async begin(timeoutMs) {
      draining = true
      const { promise, resolve } = Promise.withResolvers<boolean>()
      server.close(() => resolve(true))
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
        resolve(false)
      }, timeoutMs)
      return promise.finally(() => clearTimeout(timer))
    },
  }
}
