import { randomBytes } from 'node:crypto'
import { chmod, chown, link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PkiError } from './errors.ts'

/** A file of a key set; `path` is relative to its folder. */
export interface KeyFile {
  readonly path: string
  readonly data: string | Uint8Array
  readonly isSecret: boolean
}

/** What a key set holds besides its users. */
export const CORE_FILES = {
  serverRoot: 'root.pem',
  clientCa: 'client-ca.pem',
  serverCertificate: 'server.crt',
  serverKey: 'server.key',
  rootKey: 'private/root.key.jwe',
  rootPassphrase: 'private/root.passphrase',
  clientCaKey: 'private/client-ca.key.jwe',
  clientCaPassphrase: 'private/client-ca.passphrase',
  proxySecret: 'private/proxy-secret',
} as const

/**
 * Every user certificate that was signed with the client CA here, for the application to know. Not a core file: older
 * key sets are whole without it.
 */
export const LEDGER_FILE = 'issued.pem'

/** What the gate needs; not core files either. The public keys are for the proxies. */
export const GATE_FILES = {
  keys: 'private/gate-keys.json',
  secret: 'private/gate-secret',
  publicKeys: { a: 'gate-a.pem', b: 'gate-b.pem' },
} as const

/** Read by containers, which run as another user than root. */
const CONTAINER_FILES: readonly string[] = [
  CORE_FILES.serverKey,
  CORE_FILES.proxySecret,
  CORE_FILES.clientCaKey,
  CORE_FILES.clientCaPassphrase,
  GATE_FILES.keys,
  GATE_FILES.secret,
]

/** The files of one user; the certificate is written last, so that with it the others are there too. */
export const USER_EXTENSIONS = ['key', 'p12', 'passphrase', 'crt'] as const

/** Names that a user's files cannot have, because others have them or could be taken for them. */
export const RESERVED_FILE_NAMES: ReadonlySet<string> = new Set([
  'admin',
  'server',
  'root',
  'client-ca',
  'issued',
  'gate-a',
  'gate-b',
  'private',
])

export interface Owner {
  readonly uid: number
  readonly gid: number
}

const SECRET_MODE = 0o600
const PUBLIC_MODE = 0o644
const FOLDER_MODE = 0o700

/** On disk, not only in memory, when it returns; an existing file is an error (EEXIST), never overwritten. */
async function writeNew(path: string, { data, isSecret }: KeyFile): Promise<void> {
  await writeFile(path, data, { mode: isSecret ? SECRET_MODE : PUBLIC_MODE, flag: 'wx', flush: true })
  // A strict umask takes from the mode above, and containers of another user could not read a certificate.
  if (!isSecret) await chmod(path, PUBLIC_MODE)
}

/** @returns `undefined` when there is none */
export async function readWhole(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code !== 'EISDIR') throw cause
    throw new PkiError(
      'KEYS_MISMATCHED',
      `${path} is a folder, as Docker makes where the file to mount is missing. Stop the containers, remove the folder and run this again.`,
      { cause },
    )
  }
}

/** Makes the renames and new files of a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** Gives what containers read, and root still owns, to `owner`: a set that was copied back from a backup, too. */
export async function giveContainerFiles(dir: string, { uid, gid }: Owner): Promise<void> {
  for (const path of CONTAINER_FILES.map(file => join(dir, file))) {
    if ((await stat(path)).uid === 0) await chown(path, uid, gid)
  }
}

/**
 * Writes a whole key set into a folder that does not exist yet.
 * @param owner whom the files that containers read are given to; only root can
 */
export async function writeFolder(dir: string, files: readonly KeyFile[], owner?: Owner): Promise<void> {
  await mkdir(join(dir, 'private'), { recursive: true, mode: FOLDER_MODE })
  await Promise.all(files.map(file => writeNew(join(dir, file.path), file)))
  if (owner) await giveContainerFiles(dir, owner)
  await syncFolder(join(dir, 'private'))
  await syncFolder(dir)
}

/** Writes a file under another name, hidden and its own, for the caller to move into place. */
export async function addBeside(dir: string, file: KeyFile): Promise<string> {
  const beside = join(dir, `.${basename(file.path)}.new-${randomBytes(6).toString('hex')}`)
  await writeNew(beside, file)
  return beside
}

/** Adds a file, whole or not at all; `false` when it is there, because another run was first. */
export async function addWhole(dir: string, file: KeyFile): Promise<boolean> {
  const beside = await addBeside(dir, file)
  try {
    await link(beside, join(dir, file.path))
    await syncFolder(dirname(join(dir, file.path)))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    await rm(beside)
  }
}

/** Puts a file in the place of one that is there, whole or not at all, with its owner. */
export async function replaceWhole(dir: string, file: KeyFile): Promise<void> {
  const path = join(dir, file.path)
  const { uid, gid } = await stat(path)
  const beside = await addBeside(dir, file)
  try {
    if (process.getuid?.() === 0) await chown(beside, uid, gid)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/**
 * Adds the files of one user, in the order given. The first is a claim, which a second run at the same time loses; the
 * last appears whole or not at all.
 * @throws the system's EEXIST when one of them is there
 */
export async function addFiles(dir: string, files: readonly KeyFile[]): Promise<void> {
  const last = files.at(-1)
  for (const file of files) {
    const path = join(dir, file.path)
    if (file !== last) {
      await writeNew(path, file)
      continue
    }
    const beside = join(dir, `.${basename(path)}.new`)
    await rm(beside, { force: true })
    await writeNew(beside, file)
    await rename(beside, path)
  }
  await syncFolder(dirname(join(dir, last?.path ?? '.')))
}
