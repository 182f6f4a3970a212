import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { echo } from 'zx'
import { nameKey } from '../pki/common-name.ts'
import { CORE_FILES } from '../pki/key-files.ts'
import { readKeySet, type StoredKeySet, type StoredUser } from '../pki/read-key-set.ts'
import { type Credentials, frontsOf } from './fronts.ts'
import { parseRevokeOptions } from './key-options.ts'
import { shortPath } from './key-report.ts'
import { assertRefused, describeRevocation, sightJson } from './revocation-report.ts'
import { revokeEverywhere } from './revoke-everywhere.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const HELP = `Revokes the certificate of a user of the key set, and asks with it until every front refuses it.

  make revoke USER="Grace Hopper" [REASON=keyCompromise] [JSON=1]
  npm run -s revoke -- grace [--reason keyCompromise] [--json]

The user is named as in the certificate, or as its file. The administrator of the key set asks for the revocation.

  --reason X       of RFC 5280, such as keyCompromise, certificateHold (left out: unspecified)
  --keys DIR       the key set (left out: keys/)
  GATEHOUSE_URL=   other addresses than those of make start and make up: https://HOST/, with blanks between`

await runScript(async () => {
  const options = parseRevokeOptions(process.argv.slice(2), process.env)
  if (!options) return echo(HELP)
  const { dir, reason, isJson } = options
  const set = await readKeySet(dir)
  if (!set)
    throw new ScriptError(
      'KEYS_ABSENT',
      `There are no keys in ${shortPath(dir)}. Make them: make generate-keys`,
    )
  const user = findUser(set, options.user)
  assertCurrent(user)
  const { isNew, sights } = await revokeEverywhere({
    serial: user.certificate.serialNumber,
    reason,
    fronts: frontsOf(process.env.GATEHOUSE_URL),
    user: await credentialsOf(set, user),
    admin: await credentialsOf(set, administratorOf(set)),
  })
  const subject = {
    name: user.commonName,
    file: shortPath(join(dir, `${user.fileName}.crt`)),
    serial: user.certificate.serialNumber,
    isNew,
  }
  echo(
    isJson
      ? JSON.stringify({ ...subject, fronts: sights.map(sightJson) }, null, 2)
      : describeRevocation(subject, sights).join('\n'),
  )
  assertRefused(sights)
})

function findUser(set: StoredKeySet, wanted: string): StoredUser {
  const key = nameKey(wanted)
  const found = set.users.find(
    ({ fileName, commonName }) => fileName === wanted.toLowerCase() || nameKey(commonName) === key,
  )
  if (found) return found
  const users = set.users.map(({ fileName, commonName }) => `${fileName} (${commonName})`)
  throw new ScriptError(
    'USER_UNKNOWN',
    `There is no user ${JSON.stringify(wanted)} in ${shortPath(set.dir)}. There are: ${users.join(', ')}.`,
    { exitCode: 2 },
  )
}

function assertCurrent({ commonName, certificate: { notAfter } }: StoredUser): void {
  if (notAfter > new Date()) return
  throw new ScriptError(
    'CERT_EXPIRED',
    `The certificate of ${commonName} expired at ${notAfter.toISOString()}: no front takes it any more. Nothing was revoked.`,
  )
}

function administratorOf(set: StoredKeySet): StoredUser {
  const admin = set.users.find(({ fileName }) => fileName === 'admin')
  if (admin) return admin
  throw new ScriptError(
    'ADMIN_ABSENT',
    `There is no ${shortPath(join(set.dir, 'admin.crt'))}, and only an administrator may revoke. Make one: npm run -s add-user -- Administrator --admin`,
  )
}

async function credentialsOf({ dir }: StoredKeySet, { fileName }: StoredUser): Promise<Credentials> {
  const [ca, cert, key] = await Promise.all(
    [CORE_FILES.serverRoot, `${fileName}.crt`, `${fileName}.key`].map(file =>
      readFile(join(dir, file), 'utf8'),
    ),
  )
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' }
}
