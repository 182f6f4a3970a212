import { CliError } from './errors.ts'

/**
 * https, host, perhaps port and a path that everything is below; without credentials, query and fragment.
 * @throws CliError USAGE
 */
export function parseServerUrl(text: string): URL {
  const url = URL.parse(text)
  const isPlain = url && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (isPlain && url.protocol === 'https:') return url
  throw new CliError(
    'USAGE',
    `The server must not be ${JSON.stringify(text.slice(0, 200))}. It must be a URL such as https://gatehouse.localhost:8442/.`,
  )
}
