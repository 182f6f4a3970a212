import type { z } from 'zod'
import { text, wholeNumber } from './config-forms.ts'
import { DEFAULT_DATABASE_URL } from './database-url.ts'

// Our own choices, each with its reason in docs/operations.md.
const DEFAULT_TOTAL_MIB = 2048
const DEFAULT_PER_MINUTE = 60
const MEBIBYTE = 1_048_576

/** Where pastes are kept and how many; all of it can be left out. */
export const PASTE_SETTINGS = {
  GATEHOUSE_PASTES_DIR: text(
    'GATEHOUSE_PASTES_DIR',
    'a folder for the contents of pastes',
    undefined,
    'beside the store',
  ).optional(),
  GATEHOUSE_PASTES_TOTAL_MIB: wholeNumber(
    'GATEHOUSE_PASTES_TOTAL_MIB',
    'how many MiB all pastes may have together',
    [1, 100_000_000],
    DEFAULT_TOTAL_MIB,
  ),
  GATEHOUSE_PASTES_PER_MINUTE: wholeNumber(
    'GATEHOUSE_PASTES_PER_MINUTE',
    'how many pastes one network address may make in a minute without a certificate of the client CA',
    [1, 100_000],
    DEFAULT_PER_MINUTE,
  ),
}

type Settings = z.infer<z.ZodObject<typeof PASTE_SETTINGS>>

export function pastesOf(settings: Settings, databaseUrl: string | undefined) {
  return Object.freeze({
    dir: settings.GATEHOUSE_PASTES_DIR ?? besideStore(databaseUrl),
    /** Octets. */
    total: (settings.GATEHOUSE_PASTES_TOTAL_MIB ?? DEFAULT_TOTAL_MIB) * MEBIBYTE,
    perMinute: settings.GATEHOUSE_PASTES_PER_MINUTE ?? DEFAULT_PER_MINUTE,
  })
}

/** Named after the file, as SQLite names what it puts there: two stores in one folder must not share their pastes. */
function besideStore(databaseUrl = DEFAULT_DATABASE_URL): string {
  const [, file] = /^sqlite:(?!:memory:)(.+)$/s.exec(databaseUrl) ?? []
  return file === undefined ? 'data/pastes' : `${file}-pastes`
}
