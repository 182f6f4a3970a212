import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chalk, echo } from 'zx'
import { nameKey } from '../pki/common-name.ts'
import { CORE_FILES } from '../pki/key-files.ts'
import { readKeySet, type StoredKeySet, type StoredUser } from '../pki/read-key-set.ts'
import { type Credentials, frontsOf } from './fronts.ts'
import { parseRevokeOptions } from './key-options.ts'
import { shortPath } from './key-report.ts'
import { revokeEverywhere, type Sight } from './revoke-everywhere.ts'
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
  const { isNew, sights } = await revokeEverywhere({
    serial: user.certificate.serialNumber,
    reason,
    fronts: frontsOf(process.env.GATEHOUSE_URL),
    user: await credentialsOf(set, user),
    admin: await credentialsOf(set, administratorOf(set)),
  })
  const what = {
    name: user.commonName,
    file: shortPath(join(dir, `${user.fileName}.crt`)),
    serial: user.certificate.serialNumber,
    isNew,
  }
  echo(
    isJson
      ? JSON.stringify({ ...what, fronts: sights.map(sightJson) }, null, 2)
      : describe(what, sights).join('\n'),
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

interface What {
  readonly name: string
  readonly file: string
  readonly serial: string
  readonly isNew: boolean
}

function describe({ name, file, serial, isNew }: What, sights: readonly Sight[]): readonly string[] {
  const isRevoked = isNew ? 'is revoked' : 'was revoked before'
  return [
    chalk.bold(`The certificate of ${name} (${file}, ${serial}) ${isRevoked}.`),
    ...sights.map(describeSight),
  ]
}

function describeSight({ front: { name, port }, state, refusedAfterMs, answer }: Sight): string {
  const says = {
    'not running': 'does not run',
    'not asked': `is not asked: ${answer}`,
    'refused before': 'refuses it',
    refused: `refused after ${refusedAfterMs} ms`,
    'not refused': `STILL DOES NOT REFUSE IT: ${answer}`,
  }
  return `${name} ${port} ${says[state]}`
}

function sightJson({ front: { name, port, url }, state, refusedAfterMs, answer }: Sight) {
  return { name, port, url, state, refusedAfterMs, ...(answer !== undefined && { answer }) }
}

function assertRefused(sights: readonly Sight[]): void {
  const open = sights
    .filter(({ state }) => state === 'not refused')
    .map(({ front: { name, port } }) => `${name} ${port}`)
  if (open.length === 0) return
  throw new ScriptError(
    'NOT_REFUSED',
    `After five seconds the certificate is not refused at ${open.join(', ')}. Look at what that front logs about its revocation list, and stop it if it cannot be repaired at once.`,
  )
}
