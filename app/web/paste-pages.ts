import { inertText } from '../../pki/inert-text.ts'
import type { Caller } from '../authority/caller.ts'
import { LEVELS } from '../identity/levels.ts'
import type { ReadablePaste, SeenPaste } from '../pastes/find-paste.ts'
import { isText } from '../pastes/media-type.ts'
import type { Pastebin } from '../pastes/pastebin.ts'
import type { PasteRow } from '../store/store.ts'
import { timeText } from './time-text.ts'
import type { Page } from './views.ts'

// Our own choice: some screens.
const PREVIEW_OCTETS = 16 * 1024

const LIFETIMES: readonly (readonly [seconds: number, label: string])[] = [
  [600, '10 minutes'],
  [3_600, '1 hour'],
  [86_400, '1 day'],
  [604_800, '7 days'],
  [2_592_000, '30 days'],
]

export interface PasteList {
  /** Everybody's. */
  readonly isAll: boolean
  readonly page: readonly SeenPaste[]
  readonly next: string | null
}

/** The form for a new one, and the list of those that there are. */
export function pastesPage({ identity: { level } }: Caller, { isAll, page, next }: PasteList): Page {
  const { days, mebibytes } = LEVELS[level].pastes
  return {
    view: 'pastes',
    data: {
      title: 'Pastes',
      level,
      days,
      mebibytes,
      lifetimes: LIFETIMES.filter(([seconds]) => seconds < days * 86_400),
      canOwn: level !== 'anonymous',
      isAll,
      pastes: page.map(({ row }) => ({ id: row.id, title: titleOf(row), facts: factsOf(row).join(', ') })),
      next,
    },
  }
}

export async function pastePage(
  pastebin: Pastebin,
  { row, isOwn }: ReadablePaste,
  mayDelete: boolean,
): Promise<Page> {
  return {
    view: 'paste',
    data: {
      title: titleOf(row),
      id: row.id,
      facts: [
        ['Type', row.mediaType],
        ['Size', sizeText(row.size)],
        ['SHA-256', row.isBurning ? null : row.sha256],
        ['Made', timeText(row.createdAt)],
        ['Expires', timeText(row.expiresAt)],
        ['Owner', mayDelete && row.ownerName !== null ? inertText(row.ownerName) : null],
        ['For', row.isPrivate ? 'its owner only' : 'everybody who knows its address'],
      ].filter(([, value]) => value !== null),
      isBurning: row.isBurning,
      isReadable: isOwn || !row.isPrivate,
      mayDelete,
      ...(isOwn || !row.isPrivate ? await previewOf(pastebin, row) : {}),
    },
  }
}

function titleOf({ fileName, id }: PasteRow): string {
  return fileName ?? `Paste ${id.slice(0, 8)}`
}

function factsOf(row: PasteRow): readonly string[] {
  return [
    sizeText(row.size),
    row.burntAt === null ? `until ${timeText(row.expiresAt)}` : `read at ${timeText(row.burntAt)}, and gone`,
    ...(row.isPrivate ? ['private'] : []),
    ...(row.isBurning && row.burntAt === null ? ['for one reader'] : []),
  ]
}

function sizeText(octets: number): string {
  if (octets < 1024) return `${octets} ${octets === 1 ? 'octet' : 'octets'}`
  return octets < 1_048_576 ? `${(octets / 1024).toFixed(1)} KiB` : `${(octets / 1_048_576).toFixed(1)} MiB`
}

/** The beginning of a text; what burns is not read by looking at its page. */
async function previewOf(
  pastebin: Pastebin,
  row: ReadablePaste['row'],
): Promise<{ preview?: string; isCut?: boolean }> {
  if (row.isBurning || !isText(row.mediaType)) return {}
  await using file = await pastebin.folder.open(row.sha256)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(PREVIEW_OCTETS), 0, PREVIEW_OCTETS, 0)
  // `stream`: half a character at the end is left out.
  const text = new TextDecoder().decode(buffer.subarray(0, bytesRead), { stream: true })
  return { preview: inertLines(text), isCut: row.size > bytesRead }
}

function inertLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\n\t]+/g, inertText)
}
