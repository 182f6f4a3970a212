// Compose starts, from a fresh clone, three proxies that greet people, give nothing away, and leave nothing behind.
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { ensureBaseImages } from '../../scripts/base-images.ts'
import { containerOwner } from '../../scripts/compose-env.ts'
import { refusePortsInUse } from '../../scripts/compose-project.ts'
import { type Ask, ask, person } from '../support/ask.ts'
import { type Checkout, makeCheckout } from '../support/compose-checkout.ts'
import { findInImages, inspect, secretsIn } from '../support/compose-secrets.ts'

const PROJECT = 'gatehouse-compose-test'
const PROXIES = [
  { service: 'apache', port: 8441, title: 'Gatehouse Apache' },
  { service: 'nginx', port: 8442, title: 'Gatehouse nginx' },
  { service: 'haproxy', port: 8443, title: 'Gatehouse HAProxy' },
] as const
const MAIL = { service: 'mail', image: 'mail-catcher', port: 8025, title: 'Gatehouse mail catcher' }
const SERVICES = [
  { service: 'app', image: 'app', title: 'Gatehouse application' },
  { service: 'intranet', image: 'intranet', title: 'Gatehouse intranet' },
  MAIL,
  ...PROXIES.map(proxy => ({ ...proxy, image: proxy.service })),
] as const

interface Container {
  readonly Id: string
  readonly State: { readonly ExitCode: number; readonly Health: { readonly Status: string } }
  readonly HostConfig: object
  readonly Config: { readonly User: string }
  readonly NetworkSettings: {
    readonly Ports: Readonly<
      Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
    >
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>
  }
}

let checkout: Checkout
let keys: string
beforeAll(async () => {
  vi.stubEnv('COMPOSE_PROJECT_NAME', PROJECT)
  const ports = [...PROXIES, MAIL].map(({ service, port }) => ({ service, port, host: '127.0.0.1' }))
  await refusePortsInUse(ports)
  checkout = await makeCheckout(PROJECT)
  keys = join(checkout.path, 'keys')
  // What `make up` does before it calls Compose.
  await ensureBaseImages({ envFile: join(checkout.path, '.env') })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await checkout.run`docker compose down --volumes --remove-orphans --rmi all --timeout 1`
  await checkout[Symbol.asyncDispose]()
})

const container = async (service: string): Promise<Container> => {
  const [found] = await inspect<Container>(`${PROJECT}-${service}-1`)
  if (!found) throw new Error(`There is no container of ${service}.`)
  return found
}

// What a process there may do, tried and read, one fact a line.
const POWERS = `
echo uid $(id -u)
touch /intruder 2> /dev/null && echo root written || echo root refused
touch /tmp/intruder && echo tmp written
touch /run/secrets/client-ca.pem 2> /dev/null && echo keys written || echo keys refused
awk '/^(CapEff|CapBnd|NoNewPrivs):/ { sub(":", "", $1); sub("^0+", "", $2); print $1, $2 == "" ? 0 : $2 }' /proc/1/status`

/** Runs a shell line in a running container, as its own user. */
async function inside(service: string, line: string) {
  const { stdout, stderr, exitCode } = await checkout.run`docker compose exec -T ${service} sh -c ${line}`
  return { stdout, stderr, exitCode }
}

const greet = async (port: number, who?: string) => {
  const options: Ask = { tls: { ca: await readFile(join(keys, 'root.pem')) } }
  return await ask({ port }, who ? { ...options, as: person(who, keys) } : options)
}

const issue = async (port: number, wish: Readonly<Record<string, string>>) =>
  await ask(
    { port },
    {
      as: person('admin', keys),
      method: 'POST',
      path: '/pki/issue',
      headers: [['Content-Type', 'application/json']],
      body: JSON.stringify(wish),
      tls: { ca: await readFile(join(keys, 'root.pem')) },
    },
  )

/** Over HTTP without TLS; the answer is the body, or why there is none. */
async function askPlain(host: string, headers: Readonly<Record<string, string>>): Promise<string> {
  return await new Promise(resolve => {
    const asked = request({ host, port: 8080, headers, timeout: 5_000 })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', error => resolve(error.message))
    asked.on('response', async response => resolve((await response.setEncoding('utf8').toArray()).join('')))
    asked.end()
  })
}

describe('without keys', () => {
  it('does not start, and says which file is missing', async () => {
    const up = await checkout.run`docker compose up --build --wait`
    expect(up.exitCode).not.toBe(0)
    expect(up.stderr).toMatch(/keys\/(private\/)?[\w.-]+/)
    expect(await readdir(checkout.path)).not.toContain('keys')
  })
})

describe('with keys', () => {
  beforeAll(async () => {
    const made = await checkout.run`${process.execPath} scripts/generate-keys.ts`
    expect(made, made.stderr).toMatchObject({ exitCode: 0 })
    const up = await checkout.run`docker compose up --build --wait`
    expect(up, up.stderr).toMatchObject({ exitCode: 0 })
  })

  describe.each(PROXIES)('$service on $port', ({ service, port }) => {
    it.each([
      [undefined, 'Hello Unauthorized!\n'],
      ['grace', 'Hello Grace Hopper!\n'],
      ['cecilia', 'Hello Cecilia Payne!\n'],
    ])('greets %s', async (who, body) => {
      expect(await greet(port, who)).toMatchObject({ status: 200, body })
    })

    it('is published to this machine only', async () => {
      const { Ports } = (await container(service)).NetworkSettings
      expect(Object.values(Ports).flat().filter(Boolean)).toEqual([
        { HostIp: '127.0.0.1', HostPort: String(port) },
      ])
    })
  })

  describe.each(SERVICES)('the container of $service', ({ service, title }) => {
    it('can do nothing but its work', async () => {
      const { uid, gid } = containerOwner()
      expect(await container(service)).toMatchObject({
        State: { Health: { Status: 'healthy' } },
        Config: {
          User: `${uid}:${gid}`,
          Labels: {
            'org.opencontainers.image.title': title,
            'org.opencontainers.image.description': expect.any(String),
            'org.opencontainers.image.licenses': 'MIT',
          },
        },
        HostConfig: {
          Privileged: false,
          ReadonlyRootfs: true,
          CapAdd: null,
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges:true'],
        },
      })
      expect((await inside(service, POWERS)).stdout).toBe(
        `uid ${uid}\nroot refused\ntmp written\nkeys refused\nCapEff 0\nCapBnd 0\nNoNewPrivs 1\n`,
      )
    })
  })

  it('shows what the same image can do without those settings', async () => {
    const { stdout } =
      await checkout.run`docker run --rm --user 0 --entrypoint sh gatehouse/nginx -c ${POWERS}`
    expect(stdout).toMatch(/^uid 0\nroot written\ntmp written\n.*\nCapEff [^0].*\nNoNewPrivs 0\n$/s)
  })

  it('has no secret in an image, and none where the engine shows it', async () => {
    const images = SERVICES.map(({ image }) => `gatehouse/${image}`)
    const secrets = await secretsIn(keys)
    expect(Object.keys(secrets)).toEqual(
      expect.arrayContaining(['server.key', 'grace.p12', 'private/proxy-secret', 'private/gate-secret']),
    )
    const control = 'CLIENT_CERT must not be'
    expect(await findInImages(images, [...Object.values(secrets), control])).toEqual([control])
    const names = SERVICES.map(({ service }) => `${PROJECT}-${service}-1`)
    const shown = JSON.stringify(await inspect(...names, ...images))
    for (const secret of Object.values(secrets)) expect(shown).not.toContain(secret)
    // Our own choice: two gigabytes are read.
  }, 300_000)

  describe('the application', () => {
    // The shell's own connect; a refused route can also be one that nobody answers on.
    const connectFrom = (network: string, host: string) =>
      checkout.run`docker run --rm --network ${PROJECT}_${network} --entrypoint timeout gatehouse/nginx 5 bash -c ${`exec 3<> /dev/tcp/${host}/8080 && echo connected`}`
    const address = async () =>
      (await container('app')).NetworkSettings.Networks[`${PROJECT}_back`]?.IPAddress ?? ''

    it('is reached from the internal network and from no other', async () => {
      expect(await connectFrom('back', 'app')).toMatchObject({ stdout: 'connected\n' })
      expect(await connectFrom('back', await address())).toMatchObject({ stdout: 'connected\n' })
      expect(await connectFrom('front', 'app')).toMatchObject({
        stdout: '',
        stderr: expect.stringContaining('Name or service not known'),
      })
      expect((await connectFrom('front', await address())).stdout).toBe('')
    })

    it('has no port on this machine, and believes nobody who finds its address', async () => {
      const { Ports, Networks } = (await container('app')).NetworkSettings
      expect(Object.values(Ports).flat().filter(Boolean)).toEqual([])
      expect(Object.keys(Networks)).toEqual([`${PROJECT}_back`])
      // An engine on Linux gives the machine itself, and so each of its users, an address in an internal network.
      const certificate = (await readFile(join(keys, 'grace.crt'), 'utf8')).replace(/-----.*?-----|\s/g, '')
      const answer = await askPlain(await address(), {
        [HEADER.clientCert]: `:${certificate}:`,
        [HEADER.verify]: 'SUCCESS',
        [HEADER.via]: '1.1 nginx',
      })
      expect(answer).not.toContain('Grace')
    })

    // Not tried: what a machine without a network reaches from any container is nothing.
    it('has no way out that the engine would forward', async () => {
      expect(await inspect(`${PROJECT}_back`)).toMatchObject([{ Internal: true }])
    })
  })

  it('shows the mail that a certificate is sent with', async () => {
    const issued = await issue(8442, { common_name: 'Ada Lovelace', email: 'ada@example.org' })
    expect(issued).toMatchObject({ status: 201 })
    await vi.waitFor(async () => {
      const messages = await (await fetch(`http://127.0.0.1:${MAIL.port}/api/messages`)).text()
      expect(messages).toContain('ada@example.org')
      expect(messages).not.toContain(JSON.parse(issued.body).passphrase)
    }, 20_000)
  })

  it('refuses nobody with a certificate, and everybody else, with CLIENT_CERT=require', async () => {
    const up = await checkout.runWith({ CLIENT_CERT: 'require' })`docker compose up --wait`
    expect(up, up.stderr).toMatchObject({ exitCode: 0 })
    for (const { port } of PROXIES) {
      expect(await greet(port)).toMatchObject({ status: 403 })
      expect(await greet(port, 'grace')).toMatchObject({ status: 200, body: 'Hello Grace Hopper!\n' })
    }
  })

  it('goes away when it is told to: none is killed, nothing but keys/ and what is known stays', async () => {
    await checkout.run`docker compose stop`
    const ends = SERVICES.map(async ({ service }) => (await container(service)).State.ExitCode)
    expect(await Promise.all(ends)).toEqual(SERVICES.map(() => 0))
    const down = await checkout.run`${process.execPath} scripts/down.ts`
    expect(down, down.stderr).toMatchObject({ exitCode: 0 })
    const label = `label=com.docker.compose.project=${PROJECT}`
    for (const kind of ['container', 'network'])
      expect(await checkout.run`docker ${kind} ls --quiet --filter ${label}`).toMatchObject({ stdout: '' })
    const volumes = async () => (await checkout.run`docker volume ls --quiet --filter ${label}`).stdout
    const kept = ['apache', 'haproxy', 'nginx', 'store'].map(name => `${PROJECT}_${name}\n`)
    expect(await volumes()).toBe(kept.join(''))
    expect(await checkout.run`${process.execPath} scripts/down.ts --all`).toMatchObject({ exitCode: 0 })
    expect(await volumes()).toBe('')
    expect(await checkout.run`docker image ls --quiet gatehouse/nginx`).toMatchObject({ stdout: '' })
    expect(await readdir(keys)).toContain('server.key')
  })
})
