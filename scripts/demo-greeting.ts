import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { lastLines } from './quietly.ts'
import { ScriptError } from './script-error.ts'

/** Somebody to be greeted: `file` is his .p12 and .passphrase without the ending. */
export interface Greeting {
  readonly name: string
  readonly file: string
}

const run = promisify(execFile)
const PROXIES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']

/**
 * What a person can type, from the root of the checkout. The passphrase of the PKCS#12 file goes through a pipe:
 * the arguments of a command can be read by every user of the machine.
 */
export function curlCommand(url: string, greeting: Greeting | undefined, env = process.env): string {
  const direct = PROXIES.some(name => env[name]) ? " --noproxy '*'" : ''
  const curl = `curl${direct} --cacert keys/root.pem`
  if (!greeting) return `${curl} ${url}`
  const { file } = greeting
  return `sed 's/.*/pass = "&"/' ${file}.passphrase | \\\n    ${curl} --cert-type P12 --cert ${file}.p12 --config - ${url}`
}

export async function hasCurl(): Promise<boolean> {
  return await run('curl', ['--version']).then(
    () => true,
    () => false,
  )
}

/**
 * Runs exactly what was shown.
 * @throws ScriptError GREETING_FAILED
 */
export async function greet(command: string, cwd: string): Promise<string> {
  try {
    const { stdout } = await run('sh', ['-c', command], { cwd })
    return stdout
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    throw new ScriptError('GREETING_FAILED', `The command failed: ${lastLines(stderr ?? '', 1) || error}`)
  }
}
