import { z } from 'zod'
import type { RouteDescription } from './route.ts'

// Twelve digits: seconds of thirty thousand years.
const HIGHEST = 999_999_999_999

function number(most: number) {
  const isNumber = (text: string) => /^\d{1,12}$/.test(text) && Number(text) <= most
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

/** What is said of it; proxy-list-router.ts answers, before anybody is identified. */
export const PROXY_LIST: RouteDescription = {
  method: 'get',
  path: '/pki/revoked',
  summary: 'What has changed of the list of revoked certificates that proxies refuse by',
  level: 'anonymous',
  audience:
    'For the proxies themselves, over the internal network. For everybody else there is nothing here.',
  query: ProxyListQuery,
  answers: {
    200: {
      description:
        'Lines: "gatehouse-revoked 1", nonce, from, to, a +SERIAL or -SERIAL for each change, and an HMAC-SHA-256 of all before it with the proxy secret that was presented',
      types: ['text/plain'],
    },
    304: { description: 'The generation is that of If-None-Match' },
  },
  errors: ['NOT_FOUND'],
}
