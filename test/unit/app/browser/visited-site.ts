import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Site } from '../../../../app/browser/site.ts'
import { type ApiLab, type ApiLabOptions, apiLab, NOBODY } from '../api-lab.ts'
import { formTokenOf } from '../web/form-token-of.ts'

export interface VisitedSite extends AsyncDisposable {
  readonly lab: ApiLab
  readonly site: Site
  /** All that has left the browser. */
  readonly bodies: readonly string[]
}

/** The application behind a proxy, which adds what a browser without a certificate adds. */
export async function visitedSite(options: ApiLabOptions = {}): Promise<VisitedSite> {
  const lab = await apiLab(options)
  const { csrf, cookie = '' } = await formTokenOf(lab, NOBODY)
  const bodies: string[] = []
  const proxy = createServer((request, response) => {
    Object.assign(request.headers, NOBODY, { cookie, 'sec-fetch-site': 'same-origin' })
    for (const [name, value] of Object.entries(NOBODY)) request.rawHeaders.push(name, String(value))
    const push = request.push.bind(request)
    request.push = (chunk, encoding) => {
      if (chunk !== null) bodies.push(String(chunk))
      return push(chunk, encoding)
    }
    lab.app(request, response)
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  return {
    lab,
    bodies,
    site: { root: new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`), csrf },
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      proxy.close()
      await lab[Symbol.asyncDispose]()
    },
  }
}
