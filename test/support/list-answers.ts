// The answers about a list: the right one, and those that a proxy must not take.
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'

/** The lists for proxies: `GET /pki/revoked` and `GET /_auth/ended`. */
export type ListName = 'revoked' | 'ended'

/** What a right answer says. */
export interface Change {
  readonly list: ListName
  readonly nonce: string
  readonly from: number
  readonly to: number
  /** `+ENTRY` and `-ENTRY`. */
  readonly lines: readonly string[]
}

/** What is there to make an answer of. */
export interface Material {
  readonly change: Change
  readonly key: string
  /** The last right answer that was given, to another question. */
  readonly earlier: string
}

function signed(text: string, key: string): string {
  return `${text}hmac ${createHmac('sha256', key).update(text).digest('hex')}\n`
}

function textOf({ list, nonce, from, to, lines }: Change): string {
  return [`gatehouse-${list} 1`, `nonce ${nonce}`, `from ${from}`, `to ${to}`, ...lines, ''].join('\n')
}

type Text = (material: Material) => string

export const right: Text = ({ change, key }) => signed(textOf(change), key)

/** The right one with other contents, and a signature of these. */
function saying(other: (change: Change) => Partial<Change>): Text {
  return ({ change, key }) => signed(textOf({ ...change, ...other(change) }), key)
}

/** The right one with one line more, and a signature of it all. */
function withLine(line: string): Text {
  return saying(({ lines }) => ({ lines: [...lines, line] }))
}

/** The right one with other octets, and a signature of these. */
function written(change: (text: string) => string): Text {
  return material => signed(change(textOf(material.change)), material.key)
}

function flip(hex: string): string {
  return hex === '0' ? '1' : '0'
}

/** Complete answers of status 200 with something wrong in the text. */
const WRONG_TEXTS = {
  'a wrong hmac': material => right(material).replace(/(?<=\nhmac )./, flip),
  'another secret': ({ change }) => signed(textOf(change), 'f'.repeat(64)),
  'an empty list under another secret': ({ change }) =>
    signed(textOf({ ...change, lines: [] }), 'f'.repeat(64)),
  'a wrong nonce': saying(({ nonce }) => ({ nonce: [...nonce].reverse().join('') })),
  'the replay of an earlier answer': ({ earlier }) => earlier,
  'an older generation': saying(({ from }) => ({ to: from - 1 })),
  'a change from elsewhere': saying(({ from, to }) => ({ from: from + 1, to: to + 1 })),
  'an empty list from the beginning': saying(() => ({ from: 0, lines: [] })),
  'no hmac': material => right(material).replace(/\nhmac .*\n/, '\n'),
  'half an hmac': material => right(material).slice(0, -33),
  'more after the hmac': material => `${right(material)}+0A\n`,
  'an empty body': () => '',
  'another first line': written(text => text.replace(/ 1\n/, ' 2\n')),
  'the other list': saying(({ list }) => ({ list: list === 'revoked' ? 'ended' : 'revoked' })),
  'a page': () => '<!doctype html><title>Sign in to the network</title>',
  'lines that end in CR LF': written(text => text.replaceAll('\n', '\r\n')),
  'a generation that is no number': written(text => text.replace(/\nto .*\n/, '\nto 1e99\n')),
  'a generation that is missing': written(text => text.replace(/\nto .*\n/, '\n')),
  'an empty line': withLine(''),
  'a serial in lower case': withLine('+0abc'),
  'half an octet': withLine('+ABC'),
  'a serial of 21 octets': withLine(`+${'AB'.repeat(21)}`),
  'a serial without octets': withLine('+'),
  'a serial without a sign': withLine('ABCD'),
  'a serial that is no hex': withLine('+ABCG'),
  'words of configuration': withLine('+AB; return 200'),
} as const satisfies Readonly<Record<string, Text>>

type Sending = (response: ServerResponse, text: string, url: string) => void

function withStatus(status: number, headers: Readonly<Record<string, string>> = {}): Sending {
  return (response, text) => response.writeHead(status, headers).end(text)
}

function cut(response: ServerResponse, part: string): void {
  response.write(part, () => response.socket?.destroy())
}

// Our own choice: more than any memory that a proxy may take for it.
const HUGE_OCTETS = 512 * 1024 * 1024

/** Until whoever reads has had enough. */
function pour(response: ServerResponse): void {
  const lines = `+${'AB'.repeat(16)}\n`.repeat(30_000)
  let left = HUGE_OCTETS
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= lines.length
      if (!response.write(lines)) return void response.once('drain', more)
    }
    response.end()
  }
  more()
}

/** As if it were coming, second by second, until whoever reads has waited enough. */
function drip(response: ServerResponse, text: string): void {
  let sent = 0
  const timer = setInterval(() => response.write(text[sent++] ?? '\n'), 1000)
  response.once('close', () => clearInterval(timer))
}

/** A right text on a way that makes it wrong. */
const WRONG_SENDINGS = {
  'status 500': withStatus(500),
  'status 404': withStatus(404),
  'status 206': withStatus(206),
  'status 304': withStatus(304),
  'a redirect to itself': (response, text, url) => response.writeHead(302, { Location: url }).end(text),
  'a body that is cut off': (response, text) => {
    response.writeHead(200, { 'Content-Length': text.length })
    cut(response, text.slice(0, text.length / 2))
  },
  'chunks that are cut off': (response, text) => cut(response, text.slice(0, text.length / 2)),
  'less than its length': (response, text) => {
    response.writeHead(200, { 'Content-Length': text.length + 10 })
    cut(response, text)
  },
  'a huge body': (response, text) => {
    response.writeHead(200).write(text.replace(/hmac .*\n/, ''))
    pour(response)
  },
  'an octet a second': drip,
  'no answer': () => undefined,
} as const satisfies Readonly<Record<string, Sending>>

export type WrongAnswer = keyof typeof WRONG_TEXTS | keyof typeof WRONG_SENDINGS
export const WRONG_ANSWERS = [...Object.keys(WRONG_TEXTS), ...Object.keys(WRONG_SENDINGS)] as WrongAnswer[]

const texts: Readonly<Record<string, Text>> = WRONG_TEXTS
const sendings: Readonly<Record<string, Sending>> = WRONG_SENDINGS
const TYPE = 'text/plain; charset=utf-8'

/** Gives the answer of that name. */
export function send(
  response: ServerResponse,
  material: Material,
  url: string,
  name: WrongAnswer | 'right',
): void {
  const text = (texts[name] ?? right)(material)
  response.setHeader('Content-Type', TYPE).setHeader('ETag', `W/"${material.change.to}"`)
  const sending = sendings[name] ?? withStatus(200, { 'Content-Length': String(text.length) })
  sending(response, text, url)
}
