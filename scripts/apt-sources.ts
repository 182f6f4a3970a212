import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Debian's packages come from: the archive itself and its security updates. */
export interface DebianMirror {
  main: string
  security: string
}

/** Debian's own names, which its content delivery network serves. */
const PUBLIC: DebianMirror = {
  main: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
}

/**
 * The mirror that this machine uses already: on a closed network no other one may be reachable.
 * Anything that the sources do not say, also on Ubuntu, is taken from deb.debian.org.
 */
export async function debianMirror(folder = '/etc/apt'): Promise<DebianMirror> {
  const uris = await sourceUris(folder)
  return {
    main: uris.find(uri => /\/debian$/.test(uri)) ?? PUBLIC.main,
    security: uris.find(uri => /\/debian-security$/.test(uri)) ?? PUBLIC.security,
  }
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
