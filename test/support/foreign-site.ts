import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inject } from 'vitest'
import { HOST } from './ask.ts'

/** A site of somebody else, on loopback, whose page has the functions of foreign-page.html. */
export interface ForeignSite extends AsyncDisposable {
  readonly origin: string
}

/** `cross-site`: another name. `same-site`: another port of the same one, with a certificate that the browser trusts. */
export async function foreignSite(kind: 'cross-site' | 'same-site'): Promise<ForeignSite> {
  const page = readFileSync('test/support/foreign-page.html')
  const read = (name: string) => readFileSync(`${inject('keys')}/server.${name}`)
  const server = kind === 'cross-site' ? createHttp() : createHttps({ cert: read('crt'), key: read('key') })
  server.on('request', (_request, response) => response.setHeader('Content-Type', 'text/html').end(page))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: kind === 'cross-site' ? `http://127.0.0.1:${port}` : `https://${HOST}:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
