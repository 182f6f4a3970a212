import { readFileSync } from 'node:fs'
import { quietly } from '../../scripts/quietly.ts'
import { type Answer, type Ask, ask } from './ask.ts'
import type { Stack } from './stack.ts'

/** What has become of a request: let through, refused by the proxy itself or behind it, or something else. */
export type Fate = 'passed' | 'revoked' | 'no list' | 'revoked by the application' | `status ${number}`

function refusal(name: string): string {
  return readFileSync(`proxy-configs/refusals/${name}.json`, 'utf8')
}

const REFUSALS: ReadonlyMap<string, Fate> = new Map([
  [refusal('revoked'), 'revoked'],
  [refusal('no-list'), 'no list'],
])

export function fateOf({ status, body }: Pick<Answer, 'status' | 'body'>): Fate {
  if (status === 200) return 'passed'
  const isOfApplication = status === 403 && /\brevoked\b/.test(body)
  return REFUSALS.get(body) ?? (isOfApplication ? 'revoked by the application' : `status ${status}`)
}

export async function fate(stack: Pick<Stack, 'port'>, as: Ask['as']): Promise<Fate> {
  return fateOf(await ask(stack, { as }))
}

const ASK_FOR_HEALTH =
  "exec 3<>/dev/tcp/127.0.0.1/8081 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"

/** What the proxy says of itself to its container's health check: status and body. */
export async function health({ container }: Pick<Stack, 'container'>): Promise<readonly [number, string]> {
  const { stdout } = await quietly`docker exec ${container} bash -c ${ASK_FOR_HEALTH}`
  const [head = '', body = ''] = stdout.split('\r\n\r\n')
  return [Number(head.split(' ')[1]), body]
}
