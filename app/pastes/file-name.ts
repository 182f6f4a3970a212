import { inertText } from '../../pki/inert-text.ts'
import type { PasteRow } from '../store/store.ts'

// Our own choice, below the 255 octets of most file systems for names in any script.
const LONGEST = 80

/** What somebody calls a file, as it may be shown and saved: without folders, and `null` if nothing is left. */
export function keptFileName(sent: string | undefined): string | null {
  const [last = ''] = (sent ?? '').trim().split(/[/\\]/).slice(-1)
  const name = [...inertText(last)].slice(0, LONGEST).join('')
  return /^\.*$/.test(name) ? null : name
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/octet-stream': 'bin',
  'text/plain; charset=utf-8': 'txt',
}

/** Under which name a paste is saved. */
export function fileNameOf({ fileName, id, mediaType }: PasteRow): string {
  return fileName ?? `${id}.${EXTENSIONS[mediaType] ?? mediaType.replace('image/', '')}`
}
