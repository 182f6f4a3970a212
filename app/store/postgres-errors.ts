import { DatabaseError } from 'pg'
import { AppError } from '../errors.ts'
import { conflict, unavailable } from './store-errors.ts'

const UNIQUE_VIOLATION = '23505'
const CHARACTER_NOT_IN_REPERTOIRE = '22021'

/** Codes of https://www.postgresql.org/docs/17/errcodes-appendix.html, or their class; the first that fits counts. */
const TROUBLE: readonly (readonly [code: string, why: string])[] = [
  ['08', 'the connection was lost'],
  ['25006', 'it can only be read'],
  ['28', 'the database refuses the user or the password'],
  ['3D', 'there is no such database'],
  ['40', 'another transaction was in the way'],
  ['53100', 'the disk is full'],
  ['53', 'the database is short of resources'],
  ['55P03', 'another program keeps it locked'],
  ['57014', 'it took too long'],
  ['57', 'the database is stopping or starting'],
  ['58', 'the disk reported an error'],
  ['XX001', 'its data are damaged'],
  ['XX002', 'its data are damaged'],
]

/** What pg throws, as StoreConflict or AppError where it is one of those. */
export function translatePostgres(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof RangeError) return error
  if (!(error instanceof DatabaseError))
    return unavailable(`the database does not answer${systemCode(error)}`, error)
  const { code = '', constraint = '' } = error
  if (code === UNIQUE_VIOLATION) return conflict(constraint, error)
  if (code === CHARACTER_NOT_IN_REPERTOIRE) {
    return new AppError('REQUEST_INVALID', 'A text has a NUL character, which cannot be stored.', {
      cause: error,
    })
  }
  const trouble = TROUBLE.find(([prefix]) => code.startsWith(prefix))
  return trouble ? unavailable(trouble[1], error) : error
}

function systemCode(error: unknown): string {
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? ` (${code})` : ''
}
