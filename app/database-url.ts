import { readFileSync } from 'node:fs'
import { AppError } from './errors.ts'

/** Where the store is when nothing else is said: a file below the working folder. */
export const DEFAULT_DATABASE_URL = 'sqlite:data/gatehouse.sqlite'

/**
 * GATEHOUSE_DATABASE_URL, or the content of the file that GATEHOUSE_DATABASE_URL_FILE names: it may hold a password.
 * @throws AppError CONFIG_INVALID
 */
export function readDatabaseUrl(env: Readonly<Record<string, string | undefined>>): string {
  const { GATEHOUSE_DATABASE_URL: inline, GATEHOUSE_DATABASE_URL_FILE: file } = env
  if (inline !== undefined && file !== undefined) {
    throw new AppError(
      'CONFIG_INVALID',
      'Only one of GATEHOUSE_DATABASE_URL and GATEHOUSE_DATABASE_URL_FILE may be set.',
    )
  }
  return file === undefined ? (inline ?? DEFAULT_DATABASE_URL) : readUrlFile(file)
}

function readUrlFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('CONFIG_INVALID', `GATEHOUSE_DATABASE_URL_FILE: cannot read ${path}: ${code}.`, {
      cause: error,
    })
  }
}
