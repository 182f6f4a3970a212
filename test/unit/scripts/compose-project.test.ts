// Promise: what Compose says is read in each of its forms, and a taken port is named before anything starts.
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { publishedPorts, refusePortsInUse, troubles } from '../../../scripts/compose-project.ts'
import { FakeCommands } from '../../support/fake-commands.ts'

const CONFIG = {
  services: {
    app: {},
    nginx: { ports: [{ target: 8443, published: '8442', host_ip: '127.0.0.1' }] },
    apache: { ports: [{ target: 8443, published: '8441', host_ip: '127.0.0.1' }, { target: 9 }] },
  },
}

let commands: FakeCommands
beforeEach(async () => {
  commands = await FakeCommands.make()
  vi.stubEnv('PATH', commands.path)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await commands[Symbol.asyncDispose]()
})

/** A docker that answers `docker compose WORD …`. */
async function compose(answers: Record<string, string>): Promise<void> {
  const cases = Object.entries(answers).map(([word, text]) => `${word}) cat <<'END'\n${text}\nEND\n;;`)
  await commands.add('docker', `case $2 in\n${cases.join('\n')}\nesac`)
}

function container(service: string, fields: object): object {
  return { Service: service, State: 'running', Health: 'healthy', ExitCode: 0, Publishers: [], ...fields }
}

describe('publishedPorts', () => {
  it('lists what is published, the lowest port first', async () => {
    await compose({ config: JSON.stringify(CONFIG) })
    expect(await publishedPorts()).toEqual([
      { service: 'apache', host: '127.0.0.1', port: 8441 },
      { service: 'nginx', host: '127.0.0.1', port: 8442 },
    ])
  })

  it('passes on why Compose refuses its file', async () => {
    await commands.add('docker', 'echo "compose.yaml: services.app.imge is not allowed" >&2; exit 15')
    await expect(publishedPorts()).rejects.toMatchObject({
      code: 'COMPOSE_INVALID',
      message: expect.stringContaining('services.app.imge'),
    })
  })
})

describe('refusePortsInUse', () => {
  it("names the port that another program holds, but not one of our own containers'", async () => {
    await using server = createServer()
    await new Promise<void>(resolve => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
    const { port } = server.address() as { port: number }
    const wanted = [{ service: 'nginx', host: '127.0.0.1', port }]
    await compose({ ps: '[]' })
    await expect(refusePortsInUse(wanted)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1, which nginx needs`),
    })
    await compose({ ps: JSON.stringify(container('nginx', { Publishers: [{ PublishedPort: port }] })) })
    await refusePortsInUse(wanted)
  })
})

describe('troubles', () => {
  const all = [
    container('app', {}),
    container('plain', { Health: '' }),
    container('nginx', { Health: 'unhealthy' }),
    container('haproxy', { State: 'exited', Health: '', ExitCode: 3 }),
  ]

  it.each([
    ['an array', JSON.stringify(all)],
    ['lines', all.map(one => JSON.stringify(one)).join('\n')],
  ])('shows the end of the log of each bad container, told as %s', async (_, ps) => {
    await compose({ ps, logs: 'cannot load the certificate' })
    expect(await troubles()).toEqual([
      'nginx is unhealthy. Its last lines:\ncannot load the certificate',
      'haproxy ended with exit code 3. Its last lines:\ncannot load the certificate',
    ])
  })
})
