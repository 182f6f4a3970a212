import { createHash } from 'node:crypto'
import { backUp } from '../../../app/store/back-up.ts'
import { openDatabase } from '../../../app/store/open-store.ts'
import { type RestoreReport, restore } from '../../../app/store/restore.ts'
import type { StorePlace } from './place.ts'
import { NOON } from './rows.ts'

/**
 * A backup as text. With the same time, two stores that know the same give the same.
 * @param meanwhile happens when the backup has begun
 */
export async function backupOf(
  { url }: StorePlace,
  meanwhile: () => Promise<void> = async () => {},
): Promise<string> {
  const db = await openDatabase({ url })
  try {
    let text = ''
    await backUp(db, new Date(NOON), async piece => {
      if (text === '') await meanwhile()
      text += piece
    })
    return text
  } finally {
    await db.destroy()
  }
}

export async function restoreTo({ url }: StorePlace, backup: string | Buffer): Promise<RestoreReport> {
  const db = await openDatabase({ url })
  try {
    return await restore(db, new Date(NOON), inPieces(Buffer.from(backup)))
  } finally {
    await db.destroy()
  }
}

/** So small that lines, and characters in them, come in several. */
async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 997) yield bytes.subarray(start, start + 997)
}

/** What a backup says, as objects; the trailer is left out. */
export function linesOf(backup: string): Record<string, Record<string, unknown>>[] {
  return backup
    .trimEnd()
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
}

/** A backup of other content, with the trailer that belongs to it. */
export function sealed(lines: readonly unknown[]): string {
  const text = lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
  const sha256 = createHash('sha256').update(text).digest('hex')
  return `${text}${JSON.stringify({ sha256 })}\n`
}
