// Promise: a configuration is whole and right, or every problem with it is said at once.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../app/config.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClientCa, makeServerRoot, temporaryFolder } from '../../support/lab.ts'
import { makeServer, pemOf, SECRET } from './lab.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const at = (name: string) => join(folder.path, name)

beforeAll(async () => {
  const [ca, root] = [await makeClientCa(), await makeServerRoot()]
  const [server, other] = [pemOf(await makeServer(root)), pemOf(await makeServer(root))]
  const files = {
    'ca.pem': encodeCertificatePem(ca.certificate.der),
    'server.crt': server.cert,
    'server.key': server.key,
    'other.key': other.key,
    secret: SECRET,
    secrets: `${SECRET}\nAbCdEfGhIjKlMnOpQrStUv\n`,
    weak: 'changeme',
    empty: '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text)
})

type Env = Record<string, string>
const proxy = (): Env => ({
  GATEHOUSE_FRONT: 'proxy',
  GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
  GATEHOUSE_PROXY_SECRET_FILE: at('secret'),
})
const direct = (): Env => ({
  GATEHOUSE_FRONT: 'direct',
  GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
  GATEHOUSE_TLS_CERT_FILE: at('server.crt'),
  GATEHOUSE_TLS_KEY_FILE: at('server.key'),
})

function problems(env: Env): string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    return (error as Error).message.split('\n')
  }
}

describe('what is right', () => {
  it('behind a proxy', () => {
    const config = loadConfig(proxy())
    expect(config).toMatchObject({ front: 'proxy', port: 8080, clientCert: 'optional', logLevel: 'info' })
    expect(config).toMatchObject({ host: undefined, proxySecrets: [SECRET] })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('with TLS of its own, for this machine only', () => {
    expect(loadConfig(direct())).toMatchObject({ front: 'direct', host: '127.0.0.1', port: 8440 })
  })

  it('with everything set', () => {
    const set = {
      GATEHOUSE_LISTEN_HOST: '::1',
      GATEHOUSE_PORT: '9000',
      GATEHOUSE_CLIENT_CERT: 'require',
      GATEHOUSE_LOG_LEVEL: 'debug',
    }
    expect(loadConfig({ ...direct(), ...set, PATH: '/bin', OTHER: '' })).toMatchObject({
      host: '::1',
      port: 9000,
      clientCert: 'require',
      logLevel: 'debug',
    })
  })

  it('with two secrets while one is replaced, and with one in the environment', () => {
    const two = { ...proxy(), GATEHOUSE_PROXY_SECRET_FILE: at('secrets') }
    expect(loadConfig(two)).toMatchObject({ proxySecrets: [SECRET, 'AbCdEfGhIjKlMnOpQrStUv'] })
    const { GATEHOUSE_PROXY_SECRET_FILE: _, ...rest } = proxy()
    expect(loadConfig({ ...rest, GATEHOUSE_PROXY_SECRET: SECRET })).toMatchObject({ proxySecrets: [SECRET] })
  })
})

describe('what is wrong', () => {
  const SETTINGS: readonly (readonly [string, () => Env, RegExp])[] = [
    [
      'no front',
      () => ({ ...direct(), GATEHOUSE_FRONT: '' }),
      /^GATEHOUSE_FRONT must not be ""\. It must be one of proxy, direct; there is no default\.$/,
    ],
    [
      'a front of no kind',
      () => ({ ...direct(), GATEHOUSE_FRONT: 'auto' }),
      /GATEHOUSE_FRONT must not be "auto"/,
    ],
    [
      'a certificate mode of no kind',
      () => ({ ...direct(), GATEHOUSE_CLIENT_CERT: 'maybe' }),
      /^GATEHOUSE_CLIENT_CERT must not be "maybe"\. It must be one of optional, require; left out, it is "optional"\.$/,
    ],
    [
      'a port in words',
      () => ({ ...direct(), GATEHOUSE_PORT: 'http' }),
      /GATEHOUSE_PORT must not be "http".*65535.*8440/,
    ],
    ['a port too high', () => ({ ...direct(), GATEHOUSE_PORT: '65536' }), /GATEHOUSE_PORT/],
    ['a port like a number', () => ({ ...direct(), GATEHOUSE_PORT: '0x50' }), /GATEHOUSE_PORT/],
    ['a host of no form', () => ({ ...direct(), GATEHOUSE_LISTEN_HOST: 'a b' }), /GATEHOUSE_LISTEN_HOST/],
    ['a log level of no kind', () => ({ ...direct(), GATEHOUSE_LOG_LEVEL: 'silent' }), /GATEHOUSE_LOG_LEVEL/],
    [
      'a misspelt name',
      () => ({ ...direct(), GATEHOUSE_PROT: '1' }),
      /GATEHOUSE_PROT is no setting.*GATEHOUSE_PORT/,
    ],
    [
      'a name of the other front',
      () => ({ ...direct(), GATEHOUSE_PROXY_SECRET: SECRET }),
      /GATEHOUSE_FRONT=proxy only/,
    ],
    [
      'a key behind a proxy',
      () => ({ ...proxy(), GATEHOUSE_TLS_KEY_FILE: at('server.key') }),
      /GATEHOUSE_FRONT=direct only/,
    ],
    [
      'no such file',
      () => ({ ...direct(), GATEHOUSE_TLS_KEY_FILE: at('gone') }),
      /GATEHOUSE_TLS_KEY_FILE.*no such file.*generate-keys/,
    ],
    [
      'an empty path',
      () => ({ ...direct(), GATEHOUSE_CLIENT_CA_FILE: '' }),
      /CLIENT_CA_FILE must not be "".*keys\/client-ca.pem/,
    ],
    ['a folder', () => ({ ...direct(), GATEHOUSE_CLIENT_CA_FILE: folder.path }), /it is a folder/],
    ['an empty CA', () => ({ ...direct(), GATEHOUSE_CLIENT_CA_FILE: at('empty') }), /holds no certificate/],
    [
      'a CA that is none',
      () => ({ ...direct(), GATEHOUSE_CLIENT_CA_FILE: at('server.crt') }),
      /no certificate authority/,
    ],
    [
      'a key as certificate',
      () => ({ ...direct(), GATEHOUSE_TLS_CERT_FILE: at('server.key') }),
      /holds no certificate/,
    ],
    [
      'a certificate as key',
      () => ({ ...direct(), GATEHOUSE_TLS_KEY_FILE: at('server.crt') }),
      /no unencrypted private key/,
    ],
    [
      'the key of another certificate',
      () => ({ ...direct(), GATEHOUSE_TLS_KEY_FILE: at('other.key') }),
      /is not the key of/,
    ],
    ['no secret in the file', () => ({ ...proxy(), GATEHOUSE_PROXY_SECRET_FILE: at('empty') }), /is empty/],
    ['both ways to give a secret', () => ({ ...proxy(), GATEHOUSE_PROXY_SECRET: SECRET }), /Exactly one of/],
  ]

  it.each(SETTINGS)('%s', (_, env, expected) => {
    expect(problems(env())).toEqual([expect.stringMatching(expected)])
  })

  it.each([
    ['short', 'changeme'],
    ['short for hexadecimal', 'f1b9a4c65d2e47809a3b1c2d3e4f506'],
    ['with a blank', 'f1b9a4c65d2e4780 9a3b1c2d3e4f5061'],
  ])('a secret that is %s, which is not repeated', (_, secret) => {
    const { GATEHOUSE_PROXY_SECRET_FILE: __, ...rest } = proxy()
    const [problem, ...others] = problems({ ...rest, GATEHOUSE_PROXY_SECRET: secret })
    expect(problem).toMatch(/128 bit/)
    expect(problem).not.toContain(secret)
    expect(others).toEqual([])
  })

  it('everything, all at once', () => {
    const env = {
      GATEHOUSE_FRONT: 'proxy',
      GATEHOUSE_PORT: '-1',
      GATEHOUSE_LOG_LEVEL: 'loud',
      GATEHOUSE_PROXY_SECRET_FILE: at('weak'),
      GATEHOUSE_COLOUR: 'red',
    }
    const names = ['CLIENT_CA_FILE', 'PORT', 'LOG_LEVEL', 'PROXY_SECRET_FILE', 'COLOUR']
    const said = problems(env)
    expect(said).toHaveLength(names.length)
    for (const name of names) expect(said.join('\n')).toContain(`GATEHOUSE_${name}`)
  })

  it('nothing at all: what is needed first', () => {
    expect(problems({}).join('\n')).toMatch(
      /GATEHOUSE_FRONT is missing.*\n?.*GATEHOUSE_CLIENT_CA_FILE is missing/s,
    )
  })
})
