import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { inertText } from '../../pki/inert-text.ts'
import { PASTE, PASTES, type PasteAnswer } from '../answers.ts'
import { day } from '../describe-certificate.ts'
import { parseDuration } from '../duration.ts'
import { CliError } from '../errors.ts'
import type { Client } from '../http-client.ts'
import { connect, type Invocation } from '../invocation.ts'
import { type Report, type Screen, widthOf } from '../output.ts'
import { openPasteSource } from '../paste-source.ts'
import { assertWritable, writePrivate } from '../private-files.ts'
import { showTransfer } from '../progress.ts'
import { sizeText } from '../size-text.ts'
import { formatTable } from '../table.ts'
import { parseLimit } from './pki-list.ts'

interface CreateOptions {
  readonly expires?: string
  readonly burn?: boolean
  readonly private?: boolean
  readonly type?: string
  readonly name?: string
}

/** Sends a file or standard input, and says where it is. */
export async function pasteCreate(
  invocation: Invocation,
  options: CreateOptions,
  file = '-',
): Promise<Report> {
  const { expires, type, burn, private: isPrivate } = options
  const expiresIn = expires === undefined ? undefined : String(parseDuration(expires) / 1000)
  using client = await connect(invocation)
  await using source = await openPasteSource(invocation, file)
  using progress = showTransfer(invocation.output, 'Sending', source.length)
  const paste = await client.read(PASTE, {
    method: 'POST',
    path: 'pastes',
    query: {
      expires_in: expiresIn,
      burn: flag(burn),
      private: flag(isPrivate),
      name: options.name ?? source.name,
    },
    upload: { type: type ?? source.type, length: source.length, content: progress.watch(source.content) },
  })
  const url = new URL(`pastes/${paste.id}`, asFolder(client.server)).href
  return {
    document: { ...paste, url },
    lines: [url],
    hints: [`It is there until ${paste.expires_at}, ${audience(paste)}.`],
  }
}

function flag(isSet: boolean | undefined): string | undefined {
  return isSet ? 'true' : undefined
}

function asFolder(server: string): string {
  return server.endsWith('/') ? server : `${server}/`
}

function audience({ burn, private: isPrivate }: PasteAnswer): string {
  const whom = isPrivate ? 'for you only' : 'for everybody who knows this address'
  return burn ? `${whom}, and for the first who reads it` : whom
}

interface ListOptions {
  readonly all?: boolean
  readonly after?: string
  readonly limit?: string
}

export async function pasteList(invocation: Invocation, { all, after, limit }: ListOptions): Promise<Report> {
  using client = await connect(invocation)
  const query = { all: flag(all), after, limit: parseLimit(limit) }
  const page = await client.read(PASTES, { path: 'pastes', query })
  const rows = page.pastes.map(paste => [
    paste.id,
    sizeText(paste.size),
    day(paste.expires_at) ?? '',
    stateOf(paste),
    paste.name ?? '',
    ...(all ? [paste.owner ?? '(nobody)'] : []),
  ])
  const head = ['ID', 'SIZE', 'UNTIL', 'STATE', 'NAME', ...(all ? ['OWNER'] : [])]
  return {
    document: page,
    lines:
      rows.length === 0
        ? ['There are none.']
        : formatTable({ head, rows, fixed: [0, 1, 2, 3] }, widthOf(invocation.output)),
    hints: page.next === null ? [] : [`There are more: --after ${page.next} for the next page.`],
  }
}

function stateOf(paste: PasteAnswer): string {
  if (paste.burnt_at !== null) return `read ${day(paste.burnt_at)}`
  const words = [...(paste.private ? ['private'] : []), ...(paste.burn ? ['burns'] : [])]
  return words.join(', ') || 'public'
}

/**
 * The 32 digits, alone or at the end of an address.
 * @throws CliError USAGE
 */
function parsePasteId(text: string): string {
  const id = /(?:^|\/)([0-9a-f]{32})$/.exec(text)?.[1]
  if (id !== undefined) return id
  throw new CliError(
    'USAGE',
    `A paste must not be ${JSON.stringify(text.slice(0, 80))}. It must be 32 hexadecimal digits, or an address that ends in them; see: gatehouse paste list.`,
  )
}

interface GetOptions {
  readonly output?: string
  readonly force?: boolean
}

/** The content, to standard output or into a file, which is there when all of it is. */
export async function pasteGet(
  invocation: Invocation,
  { output: file, force }: GetOptions,
  text: string,
): Promise<Report> {
  const id = parsePasteId(text)
  const { output } = invocation
  if (file !== undefined) await assertWritable([resolve(file)], force)
  else if (output.isJson) throw new CliError('USAGE', 'With --json, say where the paste goes: --output FILE.')
  using client = await connect(invocation)
  // Before it is fetched: what burns would be gone.
  if (file === undefined && output.stdout.isTTY) await assertText(client, id)
  const download = await client.download({ path: `pastes/${id}/raw`, accept: '*/*' })
  if (file === undefined) {
    await print(output.stdout, download.content)
    return { document: { id }, lines: [] }
  }
  using progress = showTransfer(output, 'Receiving', download.length)
  await writePrivate(resolve(file), progress.watch(download.content), force)
  return { document: { id, files: [resolve(file)] }, lines: [`The paste is in ${resolve(file)}.`] }
}

async function assertText(client: Client, id: string): Promise<void> {
  const { media_type: type } = await client.read(PASTE, { path: `pastes/${id}` })
  if (type.startsWith('text/')) return
  throw new CliError('USAGE', `This paste is ${type}, and not for a terminal: say where, --output FILE.`)
}

/** Byte for byte, but not to a terminal, which does what a text says. */
async function print(stdout: Screen, content: AsyncIterable<Buffer>): Promise<void> {
  await pipeline(stdout.isTTY ? inertly(content) : content, stdout, { end: false })
}

async function* inertly(content: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of content) {
    yield decoder.decode(chunk, { stream: true }).replaceAll(/[^\n\t]+/g, inertText)
  }
}

export async function pasteDelete(invocation: Invocation, _: object, text: string): Promise<Report> {
  const id = parsePasteId(text)
  using client = await connect(invocation)
  const paste = await client.read(PASTE, { method: 'DELETE', path: `pastes/${id}` })
  return { document: paste, lines: [`The paste ${id} is deleted.`] }
}
