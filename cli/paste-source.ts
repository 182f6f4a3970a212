import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { CliError } from './errors.ts'
import type { Invocation } from './invocation.ts'
import { say } from './output.ts'
import { unreadable } from './private-files.ts'

/** What is to be pasted, from a file or standard input; never in memory as a whole. */
export interface PasteSource extends AsyncDisposable {
  readonly name: string | undefined
  /** As far as it can be told from its beginning. */
  readonly type: string
  /** Octets, if they are known before it is read. */
  readonly length: number | undefined
  readonly content: AsyncIterable<Uint8Array>
}

/**
 * @param file a path, or `-` for standard input
 * @throws CliError FILE_UNREADABLE
 */
export async function openPasteSource(invocation: Invocation, file: string): Promise<PasteSource> {
  return file === '-' ? await fromStdin(invocation) : await fromFile(file)
}

async function fromStdin({ stdin, output }: Invocation): Promise<PasteSource> {
  if (stdin.isTTY) say(output, 'Type the paste, and end it with Ctrl-D on a line of its own.')
  const { type, content } = await looked(stdin as AsyncIterable<Buffer>)
  return { name: undefined, type, length: undefined, content, async [Symbol.asyncDispose]() {} }
}

async function fromFile(path: string): Promise<PasteSource> {
  await using opening = new AsyncDisposableStack()
  try {
    const handle = opening.use(await open(path))
    const stat = await handle.stat()
    const length = stat.isFile() ? stat.size : undefined
    const read = handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>
    const { type, content } = await looked(length === undefined ? read : exactly(read, length, path))
    const opened = opening.move()
    const dispose = () => opened.disposeAsync()
    return { name: basename(path), type, length, content, [Symbol.asyncDispose]: dispose }
  } catch (cause) {
    throw cause instanceof CliError ? cause : unreadable(path, 'the file', cause)
  }
}

/** As many octets as were announced: a log that grows meanwhile is sent as it was. */
async function* exactly(
  content: AsyncIterable<Buffer>,
  length: number,
  path: string,
): AsyncGenerator<Uint8Array> {
  let left = length
  for await (const chunk of content) {
    yield chunk.subarray(0, left)
    left -= Math.min(left, chunk.length)
    if (left === 0) return
  }
  if (left > 0) {
    throw new CliError('FILE_UNREADABLE', `${path} has become shorter while it was read. Try again.`)
  }
}

/** The first piece is read ahead, because what a text is comes before it. */
async function looked(content: AsyncIterable<Uint8Array>) {
  const pieces = content[Symbol.asyncIterator]()
  const first = await pieces.next()
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.done) return
    yield first.value
    yield* { [Symbol.asyncIterator]: () => pieces }
  }
  const type = isText(first.done ? new Uint8Array() : first.value)
  return { type: type ? 'text/plain; charset=utf-8' : 'application/octet-stream', content: all() }
}

function isText(beginning: Uint8Array): boolean {
  try {
    // `stream`: a character may go on in the next piece.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(beginning, { stream: true })
    return !text.includes('\0')
  } catch {
    return false
  }
}
