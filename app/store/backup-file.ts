import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../errors.ts'

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
}

/**
 * Writes a file that is there whole or not at all, for its owner only; an earlier one is replaced when the new one is
 * on the disk.
 * @throws AppError BACKUP_INVALID
 */
export async function writeBackupFile<Result>(
  path: string,
  produce: (write: (text: string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.new`)
  try {
    const result = await writeSynced(beside, produce)
    await rename(beside, path)
    await using folder = await open(dirname(path), 'r')
    await folder.sync()
    return result
  } catch (error) {
    await rm(beside, { force: true })
    throw fileError(error, `The backup cannot be written to ${path}`)
  }
}

async function writeSynced<Result>(
  path: string,
  produce: (write: (text: string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  await using file = await open(path, 'wx', 0o600)
  const result = await produce(async text => {
    await file.writeFile(text)
  })
  await file.sync()
  return result
}

/** @throws AppError BACKUP_INVALID */
export async function* readBackupFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path)
  } catch (error) {
    throw fileError(error, `The backup ${path} cannot be read`)
  }
}

/** What the system says, in words; another error is left as it is. */
function fileError(error: unknown, what: string): unknown {
  const { code, syscall } = Object(error) as NodeJS.ErrnoException
  if (error instanceof AppError || !code || !syscall) return error
  return new AppError('BACKUP_INVALID', `${what}: ${WHY[code] ?? code}.`, { cause: error })
}
