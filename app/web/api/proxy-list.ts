import { z } from 'zod'
import type { ProxyListName } from '../proxy-list-text.ts'
import type { RouteDescription } from './route.ts'

// Twelve digits: seconds of thirty thousand years.
const HIGHEST = 999_999_999_999

function number(most: number) {
  const isNumber = (text: string) => /^\d+$/.test(text) && Number(text) <= most
  return z.string().refine(isNumber, `must be a number from 0 to ${most}`).default('0').transform(Number)
}

export const ProxyListQuery = z.strictObject({
  after: number(HIGHEST).meta({
    description: 'The generation up to which the proxy has applied all; 0: none yet',
  }),
  nonce: z
    .string()
    .regex(/^[0-9A-Za-z]{16,64}$/, 'must be 16 to 64 of 0-9, A-Z and a-z, others for each request')
    .meta({ description: 'Random, and repeated in the answer: an old answer is none' }),
  wait: number(25).meta({ description: 'Seconds to wait for a change when there is none' }),
  proxy: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be the name of the proxy: 1 to 32 of a-z, 0-9 and -')
    .meta({ description: 'Its name' }),
})

interface Described {
  readonly path: string
  readonly name: ProxyListName
  readonly of: string
  readonly entry: string
}

/** What is said of one; proxy-list-router.ts answers, before anybody is identified. */
function describe({ path, name, of, entry }: Described): RouteDescription {
  return {
    method: 'get',
    path,
    summary: `What has changed of the list of ${of} that proxies refuse by`,
    level: 'anonymous',
    audience:
      'For the proxies themselves, over the internal network. For everybody else there is nothing here.',
    query: ProxyListQuery,
    answers: {
      200: {
        description: `Lines: "gatehouse-${name} 1", nonce, from, to, a +${entry} or -${entry} for each change, and an HMAC-SHA-256 of all before it with the proxy secret that was presented`,
        types: ['text/plain'],
      },
      304: { description: 'The generation is that of If-None-Match' },
    },
    errors: ['NOT_FOUND'],
  }
}

export const REVOKED_LIST = describe({
  path: '/pki/revoked',
  name: 'revoked',
  of: 'revoked certificates',
  entry: 'SERIAL',
})
export const ENDED_LIST = describe({
  path: '/_auth/ended',
  name: 'ended',
  of: 'ended sessions',
  entry: 'SESSION',
})
