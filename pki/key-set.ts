import { randomBytes, X509Certificate } from 'node:crypto'
import { access, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { addUsers, countSteps, nameFiles } from './add-users.ts'
import { nameKey } from './common-name.ts'
import { PkiError } from './errors.ts'
import { completeGateFiles } from './gate-files.ts'
import type { Host } from './host-name.ts'
import { giveContainerFiles, syncFolder, writeFolder } from './key-files.ts'
import { type KeySetOptions, parseKeySetOptions, type Wish } from './key-set-options.ts'
import { type KeySetReport, reportCertificates } from './key-set-report.ts'
import { makeKeySet } from './make-key-set.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { readKeySet, type StoredKeySet } from './read-key-set.ts'

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

const BESIDE_IN_THE_WAY: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT'])

function isInTheWay(error: unknown): boolean {
  return BESIDE_IN_THE_WAY.has((error as NodeJS.ErrnoException).code ?? '')
}

/** `keys.replaced-2026-11-22T16-20-00Z`, beside `keys`. */
function replacedName({ dir, now }: Wish): string {
  return `${dir}.replaced-${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z`
}

/**
 * Makes a whole set in a folder beside, then renames it: at no time is there half a set under the real name, whenever
 * the process is killed, and of two runs at once one fails to rename.
 * @returns `undefined` when another run was first
 */
async function makeBeside(wish: Wish, old: string | undefined): Promise<KeySetReport | undefined> {
  const { dir, users } = wish
  const beside = `${dir}.new-${randomBytes(6).toString('hex')}`
  const onStep = countSteps(users.length + 3, wish.onProgress)
  const made = await makeKeySet({ ...wish, users: nameFiles(users, []), onStep })
  try {
    await writeFolder(beside, made.files, wish.owner)
    if (old) await rename(dir, old)
    await rename(beside, dir)
    await syncFolder(dirname(dir))
  } catch (error) {
    await rm(beside, { recursive: true, force: true })
    if (isInTheWay(error)) return undefined
    throw error
  }
  const certificates = reportCertificates(made, () => true)
  return old
    ? { dir, outcome: 'replaced', replaced: old, certificates }
    : { dir, outcome: 'made', certificates }
}

function assertServes(stored: StoredKeySet, hosts: readonly Host[]): void {
  const server = new X509Certificate(stored.server.der)
  const lacking = hosts
    .filter(host => (host.type === 'dns' ? !server.checkHost(host.name) : !server.checkIP(host.address)))
    .map(host => (host.type === 'dns' ? host.name : host.address))
  if (lacking.length === 0) return
  throw new PkiError(
    'KEYS_MISMATCHED',
    `${stored.dir}/server.crt does not name ${lacking.join(', ')}, and its root may not be allowed to. Leave HOSTS out, or have the whole set replaced (FORCE=1, the old one is kept beside it). Nothing was changed.`,
  )
}

/** Adds the users who are missing, what the gate needs if the set is older than it, and nothing else. */
async function extend(wish: Wish, stored: StoredKeySet): Promise<KeySetReport> {
  assertServes(stored, wish.extraHosts)
  const known = new Set(stored.users.map(user => nameKey(user.commonName)))
  const missing = wish.requiredUsers.filter(user => !known.has(nameKey(user.commonName)))
  const onStep = countSteps(missing.length, wish.onProgress)
  const added = await addUsers(stored, missing, { ...wish, onStep })
  const isGateNew = await completeGateFiles(stored.dir)
  const isNew = (certificate: ParsedCertificate): boolean =>
    added.some(user => user.certificate === certificate)
  if (wish.owner) await giveContainerFiles(stored.dir, wish.owner)
  const certificates = reportCertificates({ ...stored, users: [...stored.users, ...added] }, isNew)
  return { dir: stored.dir, outcome: added.length > 0 || isGateNew ? 'extended' : 'unchanged', certificates }
}

/**
 * Makes a key set, or adds to a set that is whole the users it lacks; with nothing to do, reports what is there.
 * Nothing is ever overwritten, and with `force` the old set is kept.
 * @throws PkiError NAME_INVALID, EMAIL_INVALID, HOST_INVALID, DAYS_INVALID before anything is made
 * @throws PkiError KEYS_INCOMPLETE, KEYS_MISMATCHED, PASSPHRASE_WRONG, KEY_MALFORMED about what is there
 * @throws PkiError KEYS_BUSY when another run makes the same at the same time
 */
export async function ensureKeySet(options: KeySetOptions): Promise<KeySetReport> {
  const wish = await parseKeySetOptions(options)
  const isReplaced = options.force === true && (await isThere(wish.dir))
  const stored = isReplaced ? undefined : await readKeySet(wish.dir)
  if (stored) return await extend(wish, stored)
  const made = await makeBeside(wish, isReplaced ? replacedName(wish) : undefined)
  if (made) return made
  const others = isReplaced ? undefined : await readKeySet(wish.dir)
  if (others) return await extend(wish, others)
  throw new PkiError(
    'KEYS_BUSY',
    `${wish.dir} is being replaced by another run. Run this again to see what is there.`,
  )
}
