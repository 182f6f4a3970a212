import type { Readable } from 'node:stream'
import { CliError } from './errors.ts'
import type { Screen } from './output.ts'
import { readNamed } from './private-files.ts'

/** What of `process.stdin` is used. */
export type Keyboard = Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown }

export interface PassphraseSource {
  readonly stdin: Keyboard
  readonly stderr: Screen
  /** A file, `-` for standard input; left out, a person is asked. */
  readonly file: string | undefined
  /** What it opens, for the question. */
  readonly of: string
}

// Our own choice: no passphrase is longer; what is, is the wrong file.
const MAX_OCTETS = 4096

function firstLine(bytes: Buffer, from: string): string {
  const line = bytes.toString('utf8').split(/\r?\n/, 1)[0] ?? ''
  if (line !== '' && bytes.length <= MAX_OCTETS) return line
  throw new CliError('PASSPHRASE_MISSING', `There is no passphrase in the first line of ${from}.`)
}

async function readAll(stdin: Keyboard): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks)
}

// As a terminal sends them: Enter, Ctrl-D, Ctrl-C, Backspace.
const ENDS: ReadonlySet<string> = new Set(['\r', '\n', '\u0004'])
const CANCEL = '\u0003'
const ERASERS: ReadonlySet<string> = new Set(['\b', '\u007f'])

/** What was typed so far, after one more character. */
function type(typed: string, character: string): string {
  if (ERASERS.has(character)) return [...typed].slice(0, -1).join('')
  return typed + character
}

/** In raw mode the terminal shows nothing of what is typed. Standard input stays open: another question may follow. */
async function ask({ stdin, stderr, of }: PassphraseSource): Promise<string> {
  stdin.setRawMode?.(true)
  stdin.setEncoding('utf8')
  stderr.write(`Passphrase of ${of}: `)
  let typed = ''
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const character of String(chunk)) {
        if (character === CANCEL) throw new CliError('CANCELLED', 'Cancelled; nothing was sent.')
        if (ENDS.has(character)) return typed
        typed = type(typed, character)
      }
    }
    return typed
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    stderr.write('\n')
  }
}

/**
 * From a file, standard input or a person: never from an argument or a variable, which other programs can read.
 * @throws CliError PASSPHRASE_MISSING, FILE_UNREADABLE, CANCELLED
 */
export async function readPassphrase(source: PassphraseSource): Promise<string> {
  const { stdin, stderr, file, of } = source
  if (file === '-') return firstLine(await readAll(stdin), 'standard input')
  if (file !== undefined) return firstLine(await readNamed(file, 'the passphrase'), file)
  if (stdin.isTTY && stderr.isTTY) return firstLine(Buffer.from(await ask(source)), 'what was typed')
  throw new CliError(
    'PASSPHRASE_MISSING',
    `${of} needs a passphrase, and there is no terminal to ask at. Name the file that holds it: --passphrase-file FILE ("-" is standard input).`,
  )
}
