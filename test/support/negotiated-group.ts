import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Ask } from './ask.ts'
import { openTls } from './ask.ts'
import type { Stack } from './stack.ts'

const SERVER_HELLO = 2
const KEY_SHARE = 51
// RFC 8446 section 4.1.3, after the record's five octets: type, length (3), version (2), random (32).
const SESSION_ID = 5 + 4 + 2 + 32

/** The code point of the group (IANA "TLS Supported Groups") that the server has chosen, read from its ServerHello. */
function chosenGroup(bytes: Buffer): number | undefined {
  if (bytes[5] !== SERVER_HELLO) return undefined
  // The suite has two octets, the compression method one, and then comes the length of all extensions.
  let at = SESSION_ID + 1 + bytes.readUInt8(SESSION_ID) + 3
  const end = at + 2 + bytes.readUInt16BE(at)
  at += 2
  while (at < end) {
    const [type, length] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)]
    if (type === KEY_SHARE) return bytes.readUInt16BE(at + 4)
    at += 4 + length
  }
  return undefined
}

/** Shakes hands through a relay that listens: neither Node nor OpenSSL's command before 3.2 tells the group. */
export async function negotiatedGroup(
  { port }: Pick<Stack, 'port'>,
  options: Ask,
): Promise<number | undefined> {
  const answered: Buffer[] = []
  const relay = createServer(client => {
    const server = connect(port, '127.0.0.1')
    server.on('data', chunk => answered.push(chunk)).on('error', () => client.destroy())
    client.on('error', () => server.destroy())
    client.pipe(server).pipe(client)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  try {
    const socket = await openTls({ port: (relay.address() as AddressInfo).port }, options)
    socket.destroy()
    return chosenGroup(Buffer.concat(answered))
  } finally {
    relay.close()
  }
}
