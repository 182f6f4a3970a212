// An authority that a test controls (list-control.ts): port 8080 answers `GET /pki/revoked` to whoever has the proxy
// secret, rightly or as it is told to, and all else with what was asked; port 8081 takes the orders. There is no list
// before the first generation.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { answerWithEcho } from './answer-with-echo.ts'
import { type Change, right, send, type WrongAnswer } from './list-answers.ts'

type Answer = 'right' | WrongAnswer

/** What a test wants; each field left out changes nothing. */
export interface Order {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  /** So many more that nobody has. */
  readonly fill?: number
  /** Instead of the next one. */
  readonly generation?: number
  /** Wrong answers to come, one after the other, before those that `always` says. */
  readonly next?: readonly WrongAnswer[]
  /** The right one, a wrong one, or none for the time being. */
  readonly always?: Answer | 'hold'
  /** Refuses connections. */
  readonly isAway?: boolean
}

/** A question that a proxy has asked. */
export interface Question {
  readonly after: number
  readonly nonce: string
  readonly wait: number
  readonly proxy: string
  readonly rawHeaders: readonly string[]
  /** Milliseconds since 1970. */
  readonly at: number
  /** What was answered; not yet, or not any more, when it is missing. */
  answer?: Answer
}

export interface State {
  readonly generation: number
  readonly entries: number
  readonly questions: readonly Question[]
}

const key = readFileSync('/run/secrets/proxy-secret', 'utf8').split('\n')[0] ?? ''
const serials = new Map<string, { readonly isRevoked: boolean; readonly generation: number }>()
const questions: Question[] = []
let generation = 0
let next: WrongAnswer[] = []
let always: Answer | 'hold' = 'right'
let earlier = ''
let isAway = false
let woken = Promise.withResolvers<void>()

function since(after: number): string[] {
  const changed = [...serials].filter(([, change]) => change.generation > after)
  return changed
    .filter(([, { isRevoked }]) => isRevoked || after > 0)
    .map(([serial, { isRevoked }]) => `${isRevoked ? '+' : '-'}${serial}`)
}

function readQuestion({ url = '', rawHeaders }: IncomingMessage): Question {
  const { searchParams: asked } = new URL(url, 'http://app')
  return {
    after: Number(asked.get('after') ?? 0),
    nonce: asked.get('nonce') ?? '',
    wait: Number(asked.get('wait') ?? 0),
    proxy: asked.get('proxy') ?? '',
    rawHeaders,
    at: Date.now(),
  }
}

/** What is to be answered now; nothing while the proxy has to wait. */
function due({ after }: Question, isOver: boolean): Answer | undefined {
  const name = next.shift() ?? (generation > 0 ? always : 'status 500')
  if (name === 'hold') return undefined
  return name !== 'right' || generation > after || isOver ? name : undefined
}

/** Which answer, or none for one who has given up: that must not use one up. */
async function untilDue(question: Question, response: ServerResponse): Promise<Answer | undefined> {
  const end = question.at + question.wait * 1000
  while (!response.destroyed) {
    const name = due(question, Date.now() >= end)
    if (name) return name
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = Date.now() < end ? setTimeout(resolve, end - Date.now()) : undefined
    await Promise.race([woken.promise, promise])
    clearTimeout(timer)
  }
  return undefined
}

async function answerQuestion(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const question = readQuestion(request)
  questions.push(question)
  const name = await untilDue(question, response)
  if (!name) return
  question.answer = name
  const { nonce, after: from } = question
  const change: Change = { nonce, from, to: Math.max(from, generation), lines: since(from) }
  send(response, { change, key, earlier }, request.url ?? '', name)
  if (name === 'right' && change.lines.length > 0) earlier = right({ change, key, earlier })
}

function isProxy({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['x-proxy-secret'] === key && headers.via === undefined
}

const server = createServer((request, response) => {
  const isQuestion = /^\/pki\/revoked(?:\?|$)/.test(request.url ?? '')
  if (isQuestion && isProxy(request)) return void answerQuestion(request, response)
  if (isQuestion) response.statusCode = 404
  answerWithEcho(request, response)
})

function* fillers(count: number): Generator<string> {
  for (let i = 0; i < count; i++)
    yield createHash('sha256').update(`filler ${i}`).digest('hex').slice(0, 32).toUpperCase()
}

function change(list: Iterable<string>, isRevoked: boolean): void {
  for (const serial of list) serials.set(serial, { isRevoked, generation })
}

function obey({ add = [], remove = [], fill = 0, ...order }: Order): void {
  const isChange = add.length + remove.length + fill > 0
  // As the application counts: only upwards, also after an old backup was restored.
  const following = Math.max(generation + 1, Math.floor(Date.now() / 1000))
  generation = order.generation ?? (isChange ? following : generation)
  change(add, true)
  change(fillers(fill), true)
  change(remove, false)
  if (order.next) next = [...order.next]
  if (order.always) always = order.always
  if (order.isAway !== undefined) setAway(order.isAway)
  woken.resolve()
  woken = Promise.withResolvers()
}

function setAway(wish: boolean): void {
  if (wish === isAway) return
  isAway = wish
  if (!isAway) return void server.listen(8080)
  server.close()
  server.closeAllConnections()
}

createServer(async (request, response) => {
  if (request.method === 'POST') obey((await json(request)) as Order)
  const entries = [...serials.values()].filter(({ isRevoked }) => isRevoked).length
  response.end(JSON.stringify({ generation, entries, questions } satisfies State))
}).listen(8081)
server.listen(8080)

process.on('SIGTERM', () => process.exit(0))
