import { AppError } from '../errors.ts'

const UNKNOWN = 'application/octet-stream'
const TEXT = 'text/plain; charset=utf-8'

/** What a browser may be told about a paste: nothing of it can run, load or link anything. */
const IMAGES: ReadonlySet<string> = new Set([
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
])
/** Shown as what they are, text, and not as what it would do. */
const TEXTS: ReadonlySet<string> = new Set(['application/json', 'application/xml', 'application/yaml'])

// RFC 9110 section 8.3.1, without its parameters.
const MEDIA_TYPE = /^([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)\s*(;|$)/

/**
 * As which type a paste is kept and given back, whatever it was sent as.
 * @throws AppError MEDIA_TYPE_UNSUPPORTED for what is no media type
 */
export function keptMediaType(sent: string | undefined): string {
  if (sent === undefined) return UNKNOWN
  const name = MEDIA_TYPE.exec(sent)?.[1]?.toLowerCase()
  if (name === undefined) {
    throw new AppError(
      'MEDIA_TYPE_UNSUPPORTED',
      `Content-Type must not be ${JSON.stringify(sent.slice(0, 80))}. It must be a media type such as text/plain; left out, it is ${UNKNOWN}.`,
    )
  }
  if (name.startsWith('text/') || TEXTS.has(name)) return TEXT
  return IMAGES.has(name) ? name : UNKNOWN
}

export function isText(mediaType: string): boolean {
  return mediaType === TEXT
}
