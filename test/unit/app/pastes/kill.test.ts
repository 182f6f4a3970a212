// Promise: killed while pasting, the application has every paste that it acknowledged, and after its next start nothing else.
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../../support/lab.ts'
import { type RealServer, startRealServer } from '../../cli/real-server.ts'

interface Caller extends Disposable {
  send(method: string, path: string, body?: Buffer): Promise<{ status: number; text: string }>
  /** A paste of which nothing but its beginning comes. */
  begin(content: Buffer): void
}

function callerOf({ url, keys }: RealServer, name: string): Caller {
  const read = (file: string) => readFileSync(join(keys, file))
  const agent = new Agent({
    keepAlive: true,
    ca: read('root.pem'),
    cert: read(`${name}.crt`),
    key: read(`${name}.key`),
    lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  const open = (method: string, path: string, headers = {}) => {
    const sending = request(new URL(path, url), { method, agent, headers })
    sending.on('error', () => {})
    return sending
  }
  return {
    async send(method, path, body) {
      const sending = open(method, path, body && { 'Content-Length': body.length })
      sending.end(body)
      const [response] = await once(sending, 'response')
      return { status: response.statusCode, text: await text(response) }
    },
    begin(content) {
      open('POST', 'pastes', { 'Content-Length': 2 * content.length }).write(content)
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

it.each([
  ['small', 40, 2_000],
  ['large', 8, 4_000_000],
])('killed in a stream of %s pastes', async (_, acknowledged, octets) => {
  using place = temporaryFolder()
  const first = await startRealServer(undefined, place.path)
  const folder = `${first.database}-pastes`
  using grace = callerOf(first, 'grace')
  const received = new Map<string, string>()

  async function client(number: number): Promise<void> {
    for (let i = 0; ; i += 1) {
      const content = Buffer.alloc(octets, `${number} ${i} `)
      const answer = await grace.send('POST', 'pastes', content)
      if (answer.status !== 201) throw new Error(answer.text)
      const { id, sha256 } = JSON.parse(answer.text)
      expect(sha256).toBe(hash('sha256', content, 'hex').toUpperCase())
      // Every third is deleted again, so that the process dies in the middle of that, too; it may be there or not then.
      if (i % 3 === 2) await grace.send('DELETE', `pastes/${id}`)
      else received.set(id, sha256)
      if (received.size >= acknowledged) await first.kill()
    }
  }
  const ends = await Promise.allSettled([1, 2, 3, 4].map(client))
  for (const end of ends)
    expect((end as PromiseRejectedResult).reason).toMatchObject({
      code: expect.stringMatching(/^E(CONN|PIPE|RR_)/),
    })

  await using again = await startRealServer(undefined, place.path)
  using back = callerOf(again, 'grace')
  const { pastes } = JSON.parse((await back.send('GET', 'pastes?limit=1000')).text)
  const there = new Map<string, string>(
    pastes.map((paste: { id: string; sha256: string }) => [paste.id, paste.sha256]),
  )
  for (const [id, sha256] of received) {
    expect(there.get(id)).toBe(sha256)
    const { status, text: content } = await back.send('GET', `pastes/${id}/raw`)
    expect([status, hash('sha256', content, 'hex').toUpperCase()]).toEqual([200, sha256])
  }
  await expect.poll(() => readdirSync(folder).toSorted()).toEqual([...new Set(there.values())].toSorted())
  expect(again.log()).not.toContain('lost its content')
})

it('killed in the middle of a paste, which then is not there', async () => {
  using place = temporaryFolder()
  const first = await startRealServer(undefined, place.path)
  const folder = `${first.database}-pastes`
  using grace = callerOf(first, 'grace')
  grace.begin(Buffer.alloc(1_000_000))
  await expect.poll(() => readdirSync(folder)).toHaveLength(1)
  await first.kill()
  expect(readdirSync(folder)).toHaveLength(1)
  await using again = await startRealServer(undefined, place.path)
  await expect.poll(() => readdirSync(folder)).toEqual([])
  expect(existsSync(again.database)).toBe(true)
  using back = callerOf(again, 'grace')
  expect(JSON.parse((await back.send('GET', 'pastes')).text).pastes).toEqual([])
})
