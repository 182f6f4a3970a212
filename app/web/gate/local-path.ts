// A path of this site: one slash, and nothing that a browser could take for the beginning of a host or skip over.
const LOCAL = /^\/(?![/\\])[^\p{Cc}\\]*$/u
// Our own choice: longer than any address that people share.
const MOST_OF_A_PATH = 2048
const HERE = 'https://here.invalid'

/**
 * Where to go on to after a login: a path of this site, or `/` for everything else. It is looked at as it came and as a
 * browser would resolve it (`/.//evil.example` is `//evil.example` then).
 */
export function localPath(wish: unknown): string {
  if (typeof wish !== 'string' || !isLocal(wish)) return '/'
  const url = URL.parse(wish, HERE)
  const target = url && `${url.pathname}${url.search}${url.hash}`
  return target && url.origin === HERE && isLocal(target) ? target : '/'
}

/** As it is, and as often as its path can be decoded: some server on the way may do that. */
function isLocal(text: string): boolean {
  if (text.length > MOST_OF_A_PATH) return false
  const [path = ''] = text.split(/[?#]/)
  return [text, ...decodings(path)].every(form => LOCAL.test(form))
}

function decodings(path: string): readonly string[] {
  const forms = [path]
  for (let form = decode(path); form !== undefined && form !== forms.at(-1); form = decode(form))
    forms.push(form)
  return forms
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
