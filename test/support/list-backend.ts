// An authority that a test controls (list-control.ts): port 8080 answers questions about the lists for proxies to whoever
// has the proxy secret, rightly or as it is told to, and all else with what was asked; port 8081 takes the orders, for
// each list at its name. There is no list before its first generation.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { answerWithEcho } from './answer-with-echo.ts'
import { type Change, type ListName, right, send, type WrongAnswer } from './list-answers.ts'

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
  /** Refuses connections; for both lists. */
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

function* fillers(count: number): Generator<string> {
  for (let i = 0; i < count; i++)
    yield createHash('sha256').update(`filler ${i}`).digest('hex').slice(0, 32).toUpperCase()
}

class List {
  readonly #name: ListName
  readonly #entries = new Map<string, { readonly isListed: boolean; readonly generation: number }>()
  readonly #questions: Question[] = []
  #generation = 0
  #next: WrongAnswer[] = []
  #always: Answer | 'hold' = 'right'
  #earlier = ''
  #woken = Promise.withResolvers<void>()

  constructor(name: ListName) {
    this.#name = name
  }

  get state(): State {
    const entries = [...this.#entries.values()].filter(({ isListed }) => isListed).length
    return { generation: this.#generation, entries, questions: this.#questions }
  }

  obey({ add = [], remove = [], fill = 0, ...order }: Order): void {
    const isChange = add.length + remove.length + fill > 0
    // As the application counts: only upwards, also after an old backup was restored.
    const following = Math.max(this.#generation + 1, Math.floor(Date.now() / 1000))
    this.#generation = order.generation ?? (isChange ? following : this.#generation)
    this.#change(add, true)
    this.#change(fillers(fill), true)
    this.#change(remove, false)
    if (order.next) this.#next = [...order.next]
    if (order.always) this.#always = order.always
    this.#woken.resolve()
    this.#woken = Promise.withResolvers()
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = readQuestion(request)
    this.#questions.push(question)
    const name = await this.#untilDue(question, response)
    if (!name) return
    question.answer = name
    const { nonce, after: from } = question
    const lines = this.#since(from)
    const change: Change = { list: this.#name, nonce, from, to: Math.max(from, this.#generation), lines }
    send(response, { change, key, earlier: this.#earlier }, request.url ?? '', name)
    if (name === 'right' && lines.length > 0) this.#earlier = right({ change, key, earlier: this.#earlier })
  }

  #change(entries: Iterable<string>, isListed: boolean): void {
    for (const entry of entries) this.#entries.set(entry, { isListed, generation: this.#generation })
  }

  #since(after: number): string[] {
    const changed = [...this.#entries].filter(([, change]) => change.generation > after)
    return changed
      .filter(([, { isListed }]) => isListed || after > 0)
      .map(([entry, { isListed }]) => `${isListed ? '+' : '-'}${entry}`)
  }

  /** What is to be answered now; nothing while the proxy has to wait. */
  #due({ after }: Question, isOver: boolean): Answer | undefined {
    const name = this.#next.shift() ?? (this.#generation > 0 ? this.#always : 'status 500')
    if (name === 'hold') return undefined
    return name !== 'right' || this.#generation > after || isOver ? name : undefined
  }

  /** Which answer, or none for one who has given up: that must not use one up. */
  async #untilDue(question: Question, response: ServerResponse): Promise<Answer | undefined> {
    const end = question.at + question.wait * 1000
    while (!response.destroyed) {
      const name = this.#due(question, Date.now() >= end)
      if (name) return name
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = Date.now() < end ? setTimeout(resolve, end - Date.now()) : undefined
      await Promise.race([this.#woken.promise, promise])
      clearTimeout(timer)
    }
    return undefined
  }
}

const LISTS = { revoked: new List('revoked'), ended: new List('ended') }
const ADDRESSES: Readonly<Record<string, List>> = {
  '/pki/revoked': LISTS.revoked,
  '/_auth/ended': LISTS.ended,
}

function isProxy({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['x-proxy-secret'] === key && headers.via === undefined
}

const server = createServer((request, response) => {
  const list = ADDRESSES[request.url?.split('?')[0] ?? '']
  if (list && isProxy(request)) return void list.answer(request, response)
  if (list) response.statusCode = 404
  answerWithEcho(request, response)
})

let isAway = false
async function setAway(wish: boolean): Promise<void> {
  if (wish === isAway) return
  isAway = wish
  if (!isAway) return void (await once(server.listen(8080), 'listening'))
  server.close()
  server.closeAllConnections()
}

createServer(async (request, response) => {
  const list = request.url === '/ended' ? LISTS.ended : LISTS.revoked
  if (request.method === 'POST') {
    const order = (await json(request)) as Order
    list.obey(order)
    if (order.isAway !== undefined) await setAway(order.isAway)
  }
  response.end(JSON.stringify(list.state))
}).listen(8081)
server.listen(8080)

process.on('SIGTERM', () => process.exit(0))
