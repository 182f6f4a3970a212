// Promise: each setting of the authority is right, or one sentence says what was got, what is taken and what it is when left out.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClientCa } from '../../../app/authority/open-client-ca.ts'
import { loadConfig } from '../../../app/config.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { sealKey } from '../../../pki/sealed-key.ts'
import { makeClientCa, temporaryFolder } from '../../support/lab.ts'
import { SECRET } from './lab.ts'

const PASSPHRASE = 'correct horse battery staple'
const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const at = (name: string) => join(folder.path, name)

beforeAll(async () => {
  const [ca, other] = [await makeClientCa(), await makeClientCa()]
  const [pem, otherPem] = [ca, other].map(({ certificate }) => encodeCertificatePem(certificate.der))
  const files = {
    'ca.pem': pem ?? '',
    'both.pem': `${otherPem}${pem}`,
    'key.jwe': await sealKey(ca.privateKey, PASSPHRASE),
    'other.jwe': await sealKey(other.privateKey, PASSPHRASE),
    'broken.jwe': 'a.b.c.d.e',
    passphrase: `${PASSPHRASE}\n`,
    wrong: 'wrong',
    empty: '',
    'database-url': 'postgres://gatehouse:secret@db/gatehouse\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text)
})

type Env = Record<string, string>
const base = (over: Env = {}): Env => ({
  GATEHOUSE_FRONT: 'proxy',
  GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
  GATEHOUSE_PROXY_SECRET: SECRET,
  ...over,
})
const signing = (over: Env = {}): Env =>
  base({
    GATEHOUSE_CLIENT_CA_KEY_FILE: at('key.jwe'),
    GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: at('passphrase'),
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

/** A number, and what it is when left out. */
const NUMBERS = [
  ['GATEHOUSE_DAYS', '1', '825', '0', 90],
  ['GATEHOUSE_RENEWAL_OVERLAP_DAYS', '0', '90', '91', 7],
  ['GATEHOUSE_PROOF_OF_WORK_BITS', '0', '28', '29', 16],
  ['GATEHOUSE_QUEUE_LIMIT', '1', '100000', '0', 1000],
  ['GATEHOUSE_ENROLMENTS_PER_MINUTE', '1', '100000', '0', 60],
  ['GATEHOUSE_PASTES_TOTAL_MIB', '1', '100000000', '0', 2048],
  ['GATEHOUSE_PASTES_PER_MINUTE', '1', '100000', '0', 60],
] as const

describe('a number', () => {
  it.each(NUMBERS)('%s', (name, least, _most, beyond, fallback) => {
    for (const value of [beyond, '-1', '1.5', '1e3', ' 1', '0x1', '01', 'many', '', '999999999999']) {
      const [problem, ...others] = problems(base({ [name]: value }))
      expect(problem).toMatch(
        new RegExp(`^${name} must not be ${JSON.stringify(value)}\\. It must be .*, a whole number`),
      )
      expect(problem).toMatch(new RegExp(`left out, it is ${fallback}\\.$`))
      expect(others).toEqual([])
    }
    expect(problems(base({ [name]: least }))).toEqual([])
  })

  it('that is set is what is decided by', () => {
    const { enrolment } = loadConfig(
      base({
        GATEHOUSE_DAYS: '30',
        GATEHOUSE_RENEWAL_OVERLAP_DAYS: '2',
        GATEHOUSE_PROOF_OF_WORK_BITS: '20',
        GATEHOUSE_QUEUE_LIMIT: '5',
        GATEHOUSE_ENROLMENTS_PER_MINUTE: '9',
        GATEHOUSE_FIRST_USER_IS_ADMIN: 'true',
        GATEHOUSE_RESERVED_ORGANISATIONS: ' Board , Auditors,, ',
      }),
    )
    expect(enrolment).toMatchObject({
      perMinute: 9,
      rules: {
        days: 30,
        overlapMs: 172_800_000,
        proofOfWorkBits: 20,
        queueLimit: 5,
        isFirstUserAdmin: true,
        reservedOrganisations: ['Board', 'Auditors'],
      },
    })
  })

  it('or anything else that is left out is the safe one', () => {
    const config = loadConfig(base())
    expect(config).toMatchObject({ clientCaKey: undefined, databaseUrl: undefined, smtpUrl: undefined })
    expect(config.enrolment).toEqual({
      policy: undefined,
      ledgerFile: undefined,
      perMinute: 60,
      rules: {
        crlLifeMs: 24 * 3_600_000,
        reservedOrganisations: [],
        days: 90,
        overlapMs: 604_800_000,
        proofOfWorkBits: 16,
        queueLimit: 1000,
        isFirstUserAdmin: false,
      },
    })
  })
})

describe('what is wrong', () => {
  it.each([
    [
      'a yes',
      { GATEHOUSE_FIRST_USER_IS_ADMIN: 'yes' },
      /must not be "yes".*one of false, true; left out, it is "false"/,
    ],
    [
      'a public address without TLS',
      { GATEHOUSE_PUBLIC_URL: 'http://example.org/' },
      /GATEHOUSE_PUBLIC_URL must not be/,
    ],
    [
      'a public address of no form',
      { GATEHOUSE_PUBLIC_URL: 'example.org' },
      /such as https:\/\/gatehouse\.example\.org/,
    ],
    ['an empty ledger name', { GATEHOUSE_LEDGER_FILE: '' }, /GATEHOUSE_LEDGER_FILE must not be ""/],
    [
      'two databases',
      { GATEHOUSE_DATABASE_URL: 'sqlite:a', GATEHOUSE_DATABASE_URL_FILE: at('database-url') },
      /^Only one of GATEHOUSE_DATABASE_URL and GATEHOUSE_DATABASE_URL_FILE/,
    ],
    [
      'two mail servers',
      { GATEHOUSE_SMTP_URL: 'smtp://a', GATEHOUSE_SMTP_URL_FILE: at('empty') },
      /^Only one of GATEHOUSE_SMTP_URL/,
    ],
    [
      'no file of a database',
      { GATEHOUSE_DATABASE_URL_FILE: at('gone') },
      /^GATEHOUSE_DATABASE_URL_FILE: cannot read .*no such file/,
    ],
    [
      'no file of a mail server',
      { GATEHOUSE_SMTP_URL_FILE: at('gone') },
      /^GATEHOUSE_SMTP_URL_FILE: cannot read/,
    ],
    ['a misspelt name', { GATEHOUSE_POLICIES: 'sign' }, /^GATEHOUSE_POLICIES is no setting/],
  ])('%s', (_, over, expected) => {
    expect(problems(base(over as Env))).toEqual([expect.stringMatching(expected)])
  })

  it.each([
    ['a key without a passphrase', base({ GATEHOUSE_CLIENT_CA_KEY_FILE: at('key.jwe') }), /belong together/],
    ['a passphrase without a key', base({ GATEHOUSE_CLIENT_CA_PASSPHRASE: PASSPHRASE }), /belong together/],
    ['an empty passphrase', signing({ GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: at('empty') }), /belong together/],
    [
      'no passphrase file',
      signing({ GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: at('gone') }),
      /^GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: cannot read/,
    ],
    [
      'no key file',
      signing({ GATEHOUSE_CLIENT_CA_KEY_FILE: at('gone') }),
      /^GATEHOUSE_CLIENT_CA_KEY_FILE: cannot read/,
    ],
    ['a folder as key', signing({ GATEHOUSE_CLIENT_CA_KEY_FILE: folder.path }), /it is a folder/],
    [
      'two passphrases',
      signing({ GATEHOUSE_CLIENT_CA_PASSPHRASE: PASSPHRASE }),
      /^Only one of GATEHOUSE_CLIENT_CA_PASSPHRASE and/,
    ],
  ])('%s: one sentence, without the secret', (_, env, expected) => {
    const said = problems(env)
    expect(said).toEqual([expect.stringMatching(expected)])
    expect(said.join()).not.toContain(PASSPHRASE)
  })
})

describe('the key of the CA', () => {
  it.each([
    [
      'a wrong passphrase',
      { GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: at('wrong') },
      /GATEHOUSE_CLIENT_CA_KEY_FILE/,
    ],
    [
      'a file of another kind',
      { GATEHOUSE_CLIENT_CA_KEY_FILE: at('broken.jwe') },
      /GATEHOUSE_CLIENT_CA_KEY_FILE/,
    ],
    [
      'the key of another CA',
      { GATEHOUSE_CLIENT_CA_KEY_FILE: at('other.jwe') },
      /is not the key of a CA in GATEHOUSE_CLIENT_CA_FILE/,
    ],
  ])('%s is said', async (_, over, expected) => {
    await expect(openClientCa(loadConfig(signing(over)))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(expected),
    })
  })

  it('is that of the one of several CAs that it belongs to', async () => {
    const { issuer, signer } = await openClientCa(
      loadConfig(signing({ GATEHOUSE_CLIENT_CA_FILE: at('both.pem') })),
    )
    expect(signer?.certificate).toBe(issuer)
    const { issuer: own } = await openClientCa(loadConfig(signing()))
    expect(issuer.fingerprint256).toBe(own.fingerprint256)
  })

  it('may be left out: nothing is signed then', async () => {
    expect((await openClientCa(loadConfig(base()))).signer).toBeUndefined()
  })
})

it('a secret in a file is read without its line feed', () => {
  const config = loadConfig(signing({ GATEHOUSE_DATABASE_URL_FILE: at('database-url') }))
  expect(config.databaseUrl).toBe('postgres://gatehouse:secret@db/gatehouse')
  expect(config.clientCaKey?.passphrase).toBe(PASSPHRASE)
})
