// A site of somebody else on loopback, in whose pages are the functions of foreign-page.html; it prints its port.
// node foreign-server.ts [CERTIFICATE KEY]
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

const [certificate, key] = process.argv.slice(2)
const page = readFileSync(join(import.meta.dirname, 'foreign-page.html'))
const server =
  certificate && key ? createHttps({ cert: readFileSync(certificate), key: readFileSync(key) }) : createHttp()
server.on('request', (_request, response) => response.setHeader('Content-Type', 'text/html').end(page))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log((server.address() as AddressInfo).port)
