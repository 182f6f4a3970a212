import { z } from 'zod'
import { PROFILES } from '../pki/profiles.ts'
import { oneOf, text, wholeNumber } from './config-forms.ts'

// Our own choices, each with its reason in docs/operations.md.
const DEFAULT_OVERLAP_DAYS = 7
const DEFAULT_PROOF_OF_WORK_BITS = 16
const DEFAULT_QUEUE_LIMIT = 1000
const DEFAULT_ENROLMENTS_PER_MINUTE = 60
const DEFAULT_CRL_HOURS = 24

/** What the certificate authority of the application needs; all of it can be left out. */
export const ENROLMENT_SETTINGS = {
  GATEHOUSE_CLIENT_CA_KEY_FILE: text(
    'GATEHOUSE_CLIENT_CA_KEY_FILE',
    'the sealed key of the client CA, such as keys/private/client-ca.key.jwe',
    undefined,
    'unset, and nothing is signed',
  ).optional(),
  GATEHOUSE_CLIENT_CA_PASSPHRASE: z.string().optional(),
  GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: z.string().optional(),
  GATEHOUSE_DATABASE_URL: z.string().optional(),
  GATEHOUSE_DATABASE_URL_FILE: z.string().optional(),
  GATEHOUSE_LEDGER_FILE: text(
    'GATEHOUSE_LEDGER_FILE',
    'the list of certificates that the scripts have issued, such as keys/issued.pem',
    undefined,
    'unset',
  ).optional(),
  GATEHOUSE_POLICY: z.string().optional(),
  GATEHOUSE_RESERVED_ORGANISATIONS: z.string().optional(),
  GATEHOUSE_FIRST_USER_IS_ADMIN: oneOf(
    'GATEHOUSE_FIRST_USER_IS_ADMIN',
    ['false', 'true'],
    'false',
  ).optional(),
  GATEHOUSE_DAYS: wholeNumber(
    'GATEHOUSE_DAYS',
    'the validity of client certificates in days',
    [1, PROFILES.client.days.most],
    PROFILES.client.days.usual,
  ),
  GATEHOUSE_RENEWAL_OVERLAP_DAYS: wholeNumber(
    'GATEHOUSE_RENEWAL_OVERLAP_DAYS',
    'how many days a renewed certificate stays good',
    [0, 90],
    DEFAULT_OVERLAP_DAYS,
  ),
  GATEHOUSE_CRL_HOURS: wholeNumber(
    'GATEHOUSE_CRL_HOURS',
    'how many hours a certificate revocation list is good for',
    // Ten days are the most that the CA/Browser Forum allows.
    [1, 240],
    DEFAULT_CRL_HOURS,
  ),
  GATEHOUSE_PROOF_OF_WORK_BITS: wholeNumber(
    'GATEHOUSE_PROOF_OF_WORK_BITS',
    'the leading zero bits of a proof of work',
    [0, 28],
    DEFAULT_PROOF_OF_WORK_BITS,
  ),
  GATEHOUSE_QUEUE_LIMIT: wholeNumber(
    'GATEHOUSE_QUEUE_LIMIT',
    'how many requests may wait',
    [1, 100_000],
    DEFAULT_QUEUE_LIMIT,
  ),
  GATEHOUSE_ENROLMENTS_PER_MINUTE: wholeNumber(
    'GATEHOUSE_ENROLMENTS_PER_MINUTE',
    'how many enrolments one network address may try in a minute',
    [1, 100_000],
    DEFAULT_ENROLMENTS_PER_MINUTE,
  ),
  GATEHOUSE_SMTP_URL: z.string().optional(),
  GATEHOUSE_SMTP_URL_FILE: z.string().optional(),
  GATEHOUSE_MAIL_FROM: z.string().optional(),
  GATEHOUSE_PUBLIC_URL: text(
    'GATEHOUSE_PUBLIC_URL',
    'the address that people know, such as https://gatehouse.example.org/',
    value => URL.canParse(value) && new URL(value).protocol === 'https:',
    'unset',
  ).optional(),
}

type Settings = z.infer<z.ZodObject<typeof ENROLMENT_SETTINGS>>

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** What the authority decides by. */
export function enrolmentOf(settings: Settings) {
  return Object.freeze({
    policy: settings.GATEHOUSE_POLICY,
    ledgerFile: settings.GATEHOUSE_LEDGER_FILE,
    perMinute: settings.GATEHOUSE_ENROLMENTS_PER_MINUTE ?? DEFAULT_ENROLMENTS_PER_MINUTE,
    rules: Object.freeze({
      reservedOrganisations: listOf(settings.GATEHOUSE_RESERVED_ORGANISATIONS),
      days: settings.GATEHOUSE_DAYS ?? PROFILES.client.days.usual,
      overlapMs: (settings.GATEHOUSE_RENEWAL_OVERLAP_DAYS ?? DEFAULT_OVERLAP_DAYS) * DAY_MS,
      crlLifeMs: (settings.GATEHOUSE_CRL_HOURS ?? DEFAULT_CRL_HOURS) * HOUR_MS,
      proofOfWorkBits: settings.GATEHOUSE_PROOF_OF_WORK_BITS ?? DEFAULT_PROOF_OF_WORK_BITS,
      queueLimit: settings.GATEHOUSE_QUEUE_LIMIT ?? DEFAULT_QUEUE_LIMIT,
      isFirstUserAdmin: settings.GATEHOUSE_FIRST_USER_IS_ADMIN === 'true',
    }),
  })
}

function listOf(text = ''): readonly string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}
