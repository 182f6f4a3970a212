import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { inject } from 'vitest'
import { HOST } from './ask.ts'
import { networkOf } from './network-of.ts'
import type { Stack } from './stack.ts'

/** A site of somebody else, where the browser is, whose page has the functions of foreign-page.html. */
export interface ForeignSite extends AsyncDisposable {
  readonly origin: string
}

/** `cross-site`: another name. `same-site`: another port of the same one, with a certificate that the browser trusts. */
export async function foreignSite(
  kind: 'cross-site' | 'same-site',
  { container }: Pick<Stack, 'container'>,
): Promise<ForeignSite> {
  const files = ['crt', 'key'].map(name => `${inject('keys')}/server.${name}`)
  const program = resolve('test/support/foreign-server.ts')
  const words = [process.execPath, program, ...(kind === 'same-site' ? files : [])]
  const [command = '', ...network] = await networkOf(container)
  const server = spawn(command, [...network, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(server.stdout, 'data')
  const port = Number(String(said))
  return {
    origin: kind === 'cross-site' ? `http://127.0.0.1:${port}` : `https://${HOST}:${port}`,
    async [Symbol.asyncDispose]() {
      server.kill()
      await once(server, 'close')
    },
  }
}
