import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ScriptError } from './script-error.ts'

/** Where Debian's packages come from: the archive itself and its security updates. */
export interface DebianMirror {
  main: string
  security: string
}

// Both know where Debian's archive is, for machines whose own sources do not say, such as Ubuntu's.
const DEBOOTSTRAP = ['/usr/share/debootstrap/scripts/sid', '/usr/sbin/debootstrap']

/**
 * The mirror that this machine uses already: on a closed network no other one may be reachable.
 * @throws ScriptError MIRROR_UNKNOWN
 */
export async function debianMirror(folder = '/etc/apt', defaults = DEBOOTSTRAP): Promise<DebianMirror> {
  const uris = await sourceUris(folder)
  const named = process.env.DEBIAN_MIRROR?.replace(/\/+$/, '')
  const main = named || uris.find(uri => /\/debian$/.test(uri)) || (await defaultMirror(defaults))
  if (!main) {
    throw new ScriptError(
      'MIRROR_UNKNOWN',
      'No source of apt on this machine is a Debian archive. Name one that ends in /debian: DEBIAN_MIRROR=http://... make test',
    )
  }
  const security = named ? undefined : uris.find(uri => /\/debian-security$/.test(uri))
  return { main, security: security ?? `${main}-security` }
}

async function defaultMirror(files: readonly string[]): Promise<string | undefined> {
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => '')))
  return texts.join('\n').match(/https?:\/\/[^\s"']+\/debian(?=["'\s]|$)/m)?.[0]
}

async function sourceUris(folder: string): Promise<string[]> {
  const parts = await readdir(join(folder, 'sources.list.d')).catch(() => [])
  const files = ['sources.list', ...parts.sort().map(name => join('sources.list.d', name))]
  const uris = await Promise.all(
    files.map(async name => {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '')
      if (name.endsWith('.sources')) return deb822Uris(text)
      return name.endsWith('.list') ? oneLineUris(text) : []
    }),
  )
  return uris.flat().map(uri => uri.replace(/\/+$/, ''))
}

/** The stanzas of sources.list(5), "DEB822-STYLE FORMAT", that are not switched off. */
function deb822Uris(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .filter(stanza => !/^Enabled:\s*no\b/im.test(stanza))
    .flatMap(
      stanza =>
        stanza
          .match(/^URIs:\s*(.+)$/im)?.[1]
          ?.trim()
          .split(/\s+/) ?? [],
    )
}

/** The lines of sources.list(5), "ONE-LINE-STYLE FORMAT": `deb [options] uri suite component…`. */
function oneLineUris(text: string): string[] {
  return [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)/gm)].map(match => match[1] ?? '')
}
