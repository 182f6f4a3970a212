import { resolve } from 'node:path'
import { fileNameFor, nameKey } from './common-name.ts'
import { PkiError } from './errors.ts'
import { ADMINISTRATOR, type IssuedUser, type KeySetUser, parseUser, type ValidUser } from './issue-user.ts'
import { addFiles, RESERVED_FILE_NAMES } from './key-files.ts'
import type { KeySetProgress } from './key-set-options.ts'
import { DEFAULT_KEY_TYPE, type KeyType } from './key-type.ts'
import { appendToLedger, completeLedger } from './ledger.ts'
import { type KeySetPlan, makeUsers, type NamedUser } from './make-key-set.ts'
import { ADMIN_ORGANISATION } from './organisations.ts'
import { DEFAULT_PKCS12_PROFILE, type Pkcs12Profile } from './pkcs12-profile.ts'
import { PROFILES, parseDays } from './profiles.ts'
import { openClientCa, readKeySet, type StoredKeySet } from './read-key-set.ts'

/** Gives each user the name of their files, none of which is `taken`. */
export function nameFiles(users: readonly ValidUser[], taken: Iterable<string>): readonly NamedUser[] {
  const used = new Set([...taken, ...RESERVED_FILE_NAMES])
  return users.map(user => {
    const isAdministrator = nameKey(user.commonName) === nameKey(ADMINISTRATOR.commonName)
    const fileName = isAdministrator ? 'admin' : fileNameFor(user.commonName, name => used.has(name))
    used.add(fileName)
    return { ...user, fileName }
  })
}

export function countSteps(
  total: number,
  onProgress: (progress: KeySetProgress) => void,
): (what: string) => void {
  let done = 0
  return what => {
    done += 1
    onProgress({ what, done, total })
  }
}

/** The ledger first: killed in between, it names a certificate that nobody has, never the reverse. */
async function addUserFiles(dir: string, { fileName, certificate, files }: IssuedUser): Promise<void> {
  await appendToLedger(dir, [certificate])
  try {
    await addFiles(dir, files)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new PkiError(
      'KEYS_BUSY',
      `${dir}/${fileName}.key has just been made by another run. Run this again to see what is there.`,
      { cause },
    )
  }
}

type UserPlan = Omit<KeySetPlan, 'hosts' | 'users'>

/**
 * Makes users in a key set that is there; none of them may be in it yet. The ledger is completed even for nobody.
 * @throws PkiError PASSPHRASE_WRONG, KEY_MALFORMED, KEYS_MISMATCHED, KEYS_BUSY
 */
export async function addUsers(
  stored: StoredKeySet,
  users: readonly ValidUser[],
  plan: UserPlan,
): Promise<readonly IssuedUser[]> {
  const clientCa = users.length > 0 ? await openClientCa(stored) : undefined
  await completeLedger(
    stored.dir,
    stored.users.map(user => user.certificate),
  )
  if (!clientCa) return []
  const named = nameFiles(
    users,
    stored.users.map(user => user.fileName),
  )
  const made = await makeUsers({ ...plan, users: named }, clientCa)
  for (const user of made) await addUserFiles(stored.dir, user)
  return made
}

export interface AddUserOptions {
  readonly dir: string
  readonly user: KeySetUser
  /** Makes an administrator: the organisation is `CA admins`, and may not be anything else. */
  readonly isAdmin?: boolean
  readonly keyType?: KeyType
  readonly days?: number
  readonly pkcs12Profile?: Pkcs12Profile
  readonly now: () => Date
}

function assertNew({ dir, users }: StoredKeySet, commonName: string): void {
  const same = users.find(user => nameKey(user.commonName) === nameKey(commonName))
  if (!same) return
  throw new PkiError(
    'USER_EXISTS',
    `"${same.commonName}" is there already, as ${dir}/${same.fileName}.crt. Two people of one name, or of names that look alike, could not be told apart: add something to the new name. Nothing was changed.`,
  )
}

/**
 * Makes one more user with the client CA of a key set.
 * @throws PkiError NAME_INVALID, EMAIL_INVALID, DAYS_INVALID, USER_EXISTS, KEYS_MISSING and what `readKeySet` throws
 */
export async function addUser(options: AddUserOptions): Promise<IssuedUser> {
  const { isAdmin = false } = options
  const user = parseUser(
    isAdmin ? { ...options.user, organisation: ADMIN_ORGANISATION } : options.user,
    isAdmin,
  )
  const days = parseDays(String(options.days ?? PROFILES.client.days.usual), PROFILES.client)
  const dir = resolve(options.dir)
  const stored = await readKeySet(dir)
  if (!stored) {
    throw new PkiError('KEYS_MISSING', `There are no keys in ${dir}. Make them first: make generate-keys.`)
  }
  assertNew(stored, user.commonName)
  const [made] = await addUsers(stored, [user], {
    keyType: options.keyType ?? DEFAULT_KEY_TYPE,
    pkcs12Profile: options.pkcs12Profile ?? DEFAULT_PKCS12_PROFILE,
    days,
    now: options.now(),
    onStep: () => {},
  })
  if (!made) throw new Error('One user was asked for, and none was made.')
  return made
}
