import type { Writable } from 'node:stream'
import { inertJson, inertText } from '../pki/inert-text.ts'

/** What a command has to say when it is done; `--json` decides which half of it is printed. */
export interface Report {
  /** The one JSON document. */
  readonly document: unknown
  /** Lines for people. */
  readonly lines: readonly string[]
  /** What to do next; on stderr, and not with `--quiet`. */
  readonly hints?: readonly string[]
  /** Instead of `lines`, byte for byte: a certificate in DER. */
  readonly bytes?: Uint8Array
}

/** What of a terminal is used; `process.stdout` is one, and any stream. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export interface Output {
  readonly isJson: boolean
  readonly isQuiet: boolean
  readonly stdout: Screen
  readonly stderr: Screen
}

/** Columns of the terminal; `undefined` where the output is read by a program or kept in a file. */
export function widthOf({ stdout }: Output): number | undefined {
  return stdout.isTTY ? stdout.columns : undefined
}

function printLines(screen: Screen, lines: readonly string[]): void {
  for (const line of lines) screen.write(`${inertText(line)}\n`)
}

export function printDocument({ stdout }: Output, document: unknown): void {
  const lines = JSON.stringify(document, null, 2).split('\n')
  stdout.write(`${lines.map(inertJson).join('\n')}\n`)
}

/** Something on the way that a person wants to know now. */
export function say(output: Output, ...lines: readonly string[]): void {
  if (!output.isQuiet) printLines(output.stderr, lines)
}

export function printReport(output: Output, { document, lines, hints = [], bytes }: Report): void {
  if (output.isJson) printDocument(output, document)
  else if (bytes) output.stdout.write(bytes)
  else printLines(output.stdout, lines)
  say(output, ...hints)
}

/** The sentence goes to stderr even with `--quiet`; with `--json` stdout has its one document all the same. */
export function printFailure(output: Output, { code, message }: { code: string; message: string }): void {
  printLines(output.stderr, [`${message} (${code})`])
  if (output.isJson) printDocument(output, { error: { code, detail: message } })
}
