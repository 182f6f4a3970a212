import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

// Our own choice: enough to see that nothing on the way keeps it all.
const MOST_OCTETS = 4 * 1024 ** 3
const PIECE = Buffer.alloc(64 * 1024)

/** What came, as it came: name and value in turn in `rawHeaders`. */
function received({ method, url, rawHeaders, headers }: IncomingMessage) {
  const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, i) => rawHeaders.slice(2 * i, 2 * i + 2))
  return { method, path: url, user: remoteUser(headers['remote-user']), headers: pairs }
}

/** Octets of UTF-8, of which Node makes a character each. */
function remoteUser(value: string | string[] | undefined): string | null {
  return value === undefined ? null : Buffer.from([value].flat().join(', '), 'latin1').toString('utf8')
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

function page(request: IncomingMessage): string {
  const { user, headers } = received(request)
  const rows = headers.map(([name = '', value = '']) => `<tr><th>${escapeHtml(name)}<td>${escapeHtml(value)}`)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Intranet</title>
<h1>Hello ${escapeHtml(user ?? 'whoever you are')}!</h1>
<p>This service has no login of its own. It received:</p>
<table>${rows.join('\n')}</table>
<p><a href="/_auth/">Your account at the gate</a></p></html>\n`
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(value)}\n`)
}

/** Counts a body of any size as it arrives. */
async function upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sha256 = createHash('sha256')
  let octets = 0
  for await (const piece of request) {
    octets += piece.length
    sha256.update(piece)
  }
  sendJson(response, { octets, sha256: sha256.digest('hex') })
}

async function download(octets: number, response: ServerResponse): Promise<void> {
  function* pieces() {
    for (let left = octets; left > 0; left -= PIECE.length) yield PIECE.subarray(0, left)
  }
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': octets })
  await pipeline(Readable.from(pieces()), response)
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(`http://intranet${request.url}`)
  const octets = Number(searchParams.get('octets') ?? 0)
  response.setHeader('Cache-Control', 'no-store')
  if (pathname === '/healthz') response.end('ok\n')
  else if (pathname === '/internal/upload') await upload(request, response)
  else if (pathname === '/internal/download' && octets >= 0 && octets <= MOST_OCTETS)
    await download(Math.floor(octets), response)
  else if (!pathname.startsWith('/internal/')) sendJson(response, received(request), 404)
  else if (request.headers.accept?.includes('text/html'))
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page(request))
  else sendJson(response, received(request))
}

export function answer(request: IncomingMessage, response: ServerResponse): void {
  respond(request, response).catch(() => response.destroy())
}
