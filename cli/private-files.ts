import { randomBytes } from 'node:crypto'
import {
  access,
  chmod,
  constants,
  link,
  lstat,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CliError } from './errors.ts'

const SECRET_MODE = 0o600
const FOLDER_MODE = 0o700
const OTHERS = 0o077

/** Makes a folder of ours, and takes from others what rights they have in it. */
export async function ensureFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: FOLDER_MODE })
  if ((await stat(path)).mode & OTHERS) await chmod(path, FOLDER_MODE)
}

export async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}

async function syncFolderOf(path: string): Promise<void> {
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

/** A file's content, whole or as it comes. */
type Content = string | Uint8Array | AsyncIterable<Uint8Array>

/** A new file beside `path`, on disk before it returns. */
async function writeBeside(path: string, data: Content): Promise<string> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.new`)
  try {
    await writeFile(beside, data, { mode: SECRET_MODE, flag: 'wx', flush: true })
    return beside
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/** Whole or not at all, mode 0600; whatever was there is replaced. */
export async function replacePrivate(path: string, data: string | Uint8Array): Promise<void> {
  const beside = await writeBeside(path, data)
  await rename(beside, path)
  await syncFolderOf(path)
}

/** What is about to be replaced, kept beside as `path.old`; `path` itself is there all the time. */
export async function keepOld(path: string): Promise<void> {
  await rm(`${path}.old`, { force: true })
  await link(path, `${path}.old`)
}

function existsError(path: string): CliError {
  return new CliError(
    'FILE_EXISTS',
    `${path} exists, and nothing was changed. Choose another name, or replace it with --force, which keeps it as ${path}.old.`,
  )
}

/**
 * Whole or not at all, mode 0600.
 * @param isForced a file that is there is kept as `path.old`
 * @throws CliError FILE_EXISTS
 */
export async function writePrivate(path: string, data: Content, isForced = false): Promise<void> {
  const beside = await writeBeside(path, data)
  try {
    if (isForced && (await exists(path))) await rename(path, `${path}.old`)
    // Not rename, which replaces what another run has made since.
    await link(beside, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw existsError(path)
  } finally {
    await rm(beside, { force: true })
  }
  await syncFolderOf(path)
}

/**
 * Asked before anything is sent: a certificate that cannot be written is lost.
 * @throws CliError FILE_EXISTS, or the system's error when the folder is not there or may not be written to
 */
export async function assertWritable(paths: readonly string[], isForced = false): Promise<void> {
  for (const path of paths) {
    await access(dirname(path), constants.W_OK)
    if (!isForced && (await exists(path))) throw existsError(path)
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file',
}

/**
 * A file that somebody named.
 * @param what how the message calls it: "the certificate"
 * @throws CliError FILE_UNREADABLE
 */
export async function readNamed(path: string, what: string): Promise<Buffer> {
  return await readFile(path).catch(cause => {
    throw unreadable(path, what, cause)
  })
}

export function unreadable(path: string, what: string, cause: unknown): CliError {
  const { code = '' } = cause as NodeJS.ErrnoException
  return new CliError('FILE_UNREADABLE', `Cannot read ${what}, ${path}: ${WHY[code] ?? code}.`, { cause })
}
