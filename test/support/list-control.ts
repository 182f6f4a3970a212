import { vi } from 'vitest'
import { PATIENCE } from './eventually.ts'
import type { Order, Question, State } from './list-backend.ts'
import type { Stack } from './stack.ts'

type Behind = Pick<Stack, 'backendPort'>

async function talk({ backendPort }: Behind, init?: RequestInit): Promise<State> {
  const answer = await fetch(`http://127.0.0.1:${backendPort}/`, init)
  return (await answer.json()) as State
}

/** What the authority behind a stack with `backend: 'list'` knows, and what it was asked. */
export async function listState(stack: Behind): Promise<State> {
  return await talk(stack)
}

/** Takes effect before it returns; the proxy may not have asked yet. */
export async function order(stack: Behind, wish: Order): Promise<State> {
  return await talk(stack, { method: 'POST', body: JSON.stringify(wish) })
}

/** The question that got that answer, and the one after it: whatever was wrong with it has been dealt with. */
export async function untilAskedAgain(
  stack: Behind,
  since: State,
  answer: string,
): Promise<readonly [answered: Question, again: Question]> {
  return await vi.waitUntil(async () => {
    const { questions } = await listState(stack)
    const first = Math.max(since.questions.length - 1, 0)
    const at = questions.findIndex((question, i) => i >= first && question.answer === answer)
    const [answered, again] = at < 0 ? [] : questions.slice(at)
    return answered && again && [answered, again]
  }, PATIENCE)
}

/** Until the proxy has said that it refuses all that the authority has told. */
export async function untilApplied(stack: Behind): Promise<State> {
  return await vi.waitUntil(async () => {
    const state = await listState(stack)
    return state.questions.at(-1)?.after === state.generation && state
  }, PATIENCE)
}

/** Changes the list, and waits for the proxy. */
export async function publish(stack: Behind, wish: Order): Promise<State> {
  await order(stack, wish)
  return await untilApplied(stack)
}

/** A line that a proxy prints about its list. */
export interface News {
  readonly proxy: string
  readonly state: 'current' | 'away' | 'refused'
  readonly generation: number
  readonly entries: number
  readonly reason?: string
}

const KINDS = /"kind":"(revocation-list|list","list":"revoked)"/
const isNews = (line: string): boolean => line.startsWith('{') && KINDS.test(line)

/** What the proxy has printed about its list, not counting the first `skipped` lines of its log. */
export function newsOf({ log }: Pick<Stack, 'log'>, skipped: number): readonly News[] {
  return log.lines
    .slice(skipped)
    .filter(isNews)
    .map(line => JSON.parse(line))
}

/** The first of them that says so. */
export async function untilNews(
  { log }: Pick<Stack, 'log'>,
  skipped: number,
  says: (news: News) => boolean,
): Promise<News> {
  return JSON.parse(await log.line(line => isNews(line) && says(JSON.parse(line)), skipped))
}
