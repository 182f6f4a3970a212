import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { chalk, echo } from 'zx'
import { ensureKeySet } from '../pki/key-set.ts'
import type { KeySetProgress } from '../pki/key-set-options.ts'
import type { KeySetReport } from '../pki/key-set-report.ts'
import { KEY_TYPES } from '../pki/key-type.ts'
import { PKCS12_PROFILES } from '../pki/pkcs12-profile.ts'
import { recordPresentImages } from './base-images.ts'
import { containerOwner, setComposeEnv } from './compose-env.ts'
import { KEYS_DIR, parseGenerateOptions } from './key-options.ts'
import { certificateTable, describeCertificate, shortPath } from './key-report.ts'
import { runScript } from './run-script.ts'

const HELP = `Makes both authorities, the server certificate and the users; what is there already stays as it is.

  make generate-keys [USERS="Ada Lovelace,Alan Turing"] [OPTION=...]
  npm run -s generate-keys -- [--users "Ada Lovelace,Alan Turing"] [--option ...]

  USERS     --users     common names, with commas between; an administrator is always made
                        (left out: Grace Hopper, Cecilia Payne in a new set)
  KEY_TYPE  --key-type  ${KEY_TYPES.join(', ')} (left out: the first)
  DAYS      --days      validity of users' certificates (left out: 90)
  HOSTS     --hosts     more names and addresses of the server, with commas between
  PKCS12    --pkcs12    ${PKCS12_PROFILES.join(', ')}: how the .p12 files are encrypted (left out: the first)
  FORCE=1   --force     replace the whole set; the old one is kept beside it
  JSON=1    --json      one JSON object on the standard output
            --keys DIR  another folder than keys/`

const OUTCOMES: Readonly<Record<KeySetReport['outcome'], string>> = {
  made: 'A new key set was made.',
  replaced: 'A new key set replaces the old one.',
  extended: 'What was lacking was added; the rest was there already.',
  unchanged: 'The key set is whole and nothing was made.',
}

await runScript(async () => {
  const options = parseGenerateOptions(process.argv.slice(2), process.env)
  if (!options) return echo(HELP)
  const now = new Date()
  const owner = process.getuid?.() === 0 ? { owner: containerOwner() } : {}
  const report = await ensureKeySet({
    ...options.request,
    ...owner,
    now: () => now,
    onProgress: showProgress,
  })
  if (report.dir === KEYS_DIR) await prepareCompose(report.dir)
  echo(options.isJson ? JSON.stringify(asJson(report), null, 2) : asText(report, now))
})

/** On the standard error output, so that --json stays readable by programs. */
function showProgress({ what, done, total }: KeySetProgress): void {
  console.error(chalk.dim(`  ${done}/${total} ${what}`))
}

/** Compose runs the containers as whoever owns the keys, also when root runs this over another user's set. */
async function prepareCompose(dir: string): Promise<void> {
  const { uid, gid } = await stat(join(dir, 'server.key'))
  const envFile = join(dir, '..', '.env')
  await setComposeEnv({ GATEHOUSE_UID: uid, GATEHOUSE_GID: gid }, envFile)
  await recordPresentImages(envFile)
}

function asJson({ certificates, ...report }: KeySetReport) {
  return {
    ...report,
    certificates: certificates.map(({ certificate, ...entry }) => ({
      ...entry,
      ...describeCertificate(certificate),
    })),
  }
}

function asText({ dir, outcome, replaced, certificates }: KeySetReport, now: Date): string {
  const folder = shortPath(dir)
  const user = certificates.find(({ role, name }) => role === 'user' && name !== 'Administrator')
  const name = join(folder, user?.file.replace(/\.crt$/, '') ?? 'admin')
  return [
    `${chalk.bold(OUTCOMES[outcome])} It is in ${folder}/, which nobody else can read.`,
    ...(replaced ? [`The old set is in ${replaced}: remove it when nothing uses it any more.`] : []),
    '',
    ...certificateTable(certificates, now).map(line => `  ${line}`),
    '',
    'What to do next:',
    `  Browser: import ${join(folder, 'root.pem')} as an authority for web sites, and ${name}.p12 as your certificate;`,
    `           its passphrase is in ${name}.passphrase (the same for each user).`,
    '  Try it:  make demo (without Docker), make up (with Docker).',
    '  Another person: make add-user NAME="Ada Lovelace"',
  ].join('\n')
}
