// Promise: each setting of the gate is right, or one sentence says what was got, what is taken and what it is when left out.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../app/config.ts'
import { encodeGateKeys, generateGateKeys } from '../../../pki/gate-keys.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClientCa, temporaryFolder } from '../../support/lab.ts'
import { SECRET } from './lab.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const at = (name: string) => join(folder.path, name)
const SEALING = 'c0ffee'.repeat(11)

beforeAll(async () => {
  const files = {
    'ca.pem': encodeCertificatePem((await makeClientCa()).certificate.der),
    'keys.json': encodeGateKeys(await generateGateKeys()),
    'broken.json': '{"active":"a"}',
    secret: `${SEALING}\n`,
    short: 'c0ffee',
    empty: '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text)
})

type Env = Record<string, string>
const without = (over: Env = {}): Env => ({
  GATEHOUSE_FRONT: 'proxy',
  GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
  GATEHOUSE_PROXY_SECRET: SECRET,
  ...over,
})
const gated = (over: Env = {}): Env =>
  without({
    GATEHOUSE_GATE_KEYS_FILE: at('keys.json'),
    GATEHOUSE_GATE_SECRET_FILE: at('secret'),
    ...over,
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

const HOUR = 3_600_000

describe('what is decided by', () => {
  it('is no gate when nothing is set', () => {
    expect(loadConfig(without()).gate).toBeUndefined()
  })

  it('is the safe one where a setting is left out', () => {
    const { gate } = loadConfig(gated())
    expect(gate?.secret).toBe(SEALING)
    expect(gate?.keys.active).toBe('a')
    expect(gate?.rules).toEqual({
      setup: ['certificate', 'invitation'],
      tokenMs: 600_000,
      sessionMs: 8 * HOUR,
      idleMs: HOUR,
      isForAdministrators: false,
    })
  })

  it('is what is set', () => {
    const { gate } = loadConfig(
      gated({
        GATEHOUSE_GATE_SETUP: 'anybody, certificate',
        GATEHOUSE_GATE_TOKEN_MINUTES: '5',
        GATEHOUSE_GATE_SESSION_HOURS: '24',
        GATEHOUSE_GATE_IDLE_MINUTES: '0',
        GATEHOUSE_ADMIN_TOTP: 'required',
      }),
    )
    expect(gate?.rules).toEqual({
      setup: ['anybody', 'certificate'],
      tokenMs: 300_000,
      sessionMs: 24 * HOUR,
      idleMs: 0,
      isForAdministrators: true,
    })
  })
})

describe('a number', () => {
  it.each([
    ['GATEHOUSE_GATE_TOKEN_MINUTES', '0', '61', 10],
    ['GATEHOUSE_GATE_SESSION_HOURS', '0', '25', 8],
    ['GATEHOUSE_GATE_IDLE_MINUTES', '-1', '1441', 60],
  ] as const)('%s', (name, below, above, fallback) => {
    for (const value of [below, above, '1.5', '', 'many']) {
      const [problem, ...others] = problems(gated({ [name]: value }))
      expect(problem).toMatch(
        new RegExp(`^${name} must not be ${JSON.stringify(value)}\\. .*left out, it is ${fallback}\\.$`),
      )
      expect(others).toEqual([])
    }
  })
})

describe('what is wrong', () => {
  it.each([
    [
      'nobody',
      gated({ GATEHOUSE_GATE_SETUP: '' }),
      /must not be "".*one or more of certificate, invitation, anybody/,
    ],
    [
      'somebody else',
      gated({ GATEHOUSE_GATE_SETUP: 'certificate,friends' }),
      /GATEHOUSE_GATE_SETUP must not be "certificate,friends"/,
    ],
    ['a gap', gated({ GATEHOUSE_GATE_SETUP: 'certificate,' }), /GATEHOUSE_GATE_SETUP must not be/],
    [
      'a yes',
      gated({ GATEHOUSE_ADMIN_TOTP: 'true' }),
      /must not be "true".*one of off, required; left out, it is "off"/,
    ],
    [
      'no such file',
      gated({ GATEHOUSE_GATE_KEYS_FILE: at('none') }),
      /GATEHOUSE_GATE_KEYS_FILE: cannot read .*generate-keys/,
    ],
    [
      'broken keys',
      gated({ GATEHOUSE_GATE_KEYS_FILE: at('broken.json') }),
      /^GATEHOUSE_GATE_KEYS_FILE: .*not a JWK set/,
    ],
    [
      'a short secret',
      gated({ GATEHOUSE_GATE_SECRET_FILE: at('short') }),
      /^GATEHOUSE_GATE_SECRET has 6 characters/,
    ],
    ['keys alone', without({ GATEHOUSE_GATE_KEYS_FILE: at('keys.json') }), /belong together/],
    ['a secret alone', without({ GATEHOUSE_GATE_SECRET_FILE: at('secret') }), /belong together/],
    ['an empty secret', gated({ GATEHOUSE_GATE_SECRET_FILE: at('empty') }), /belong together/],
    [
      'two secrets',
      gated({ GATEHOUSE_GATE_SECRET: SEALING }),
      /Only one of GATEHOUSE_GATE_SECRET and GATEHOUSE_GATE_SECRET_FILE/,
    ],
    [
      'codes for administrators without a gate',
      without({ GATEHOUSE_ADMIN_TOTP: 'required' }),
      /^GATEHOUSE_ADMIN_TOTP=required needs GATEHOUSE_GATE_KEYS_FILE/,
    ],
    [
      'codes that no administrator could set up',
      gated({ GATEHOUSE_ADMIN_TOTP: 'required', GATEHOUSE_GATE_SETUP: 'invitation' }),
      /needs certificate in GATEHOUSE_GATE_SETUP, which is "invitation"/,
    ],
  ])('%s', (_, env, expected) => {
    const [problem, ...others] = problems(env)
    expect([problem, others]).toEqual([expect.stringMatching(expected), []])
    expect(problem).not.toContain('c0ffee')
  })

  it('is said together with what else is wrong', () => {
    const env = gated({
      GATEHOUSE_GATE_KEYS_FILE: at('broken.json'),
      GATEHOUSE_PORT: 'x',
      GATEHOUSE_ADMIN_TOTP: 'x',
    })
    expect(problems(env)).toHaveLength(3)
  })
})
