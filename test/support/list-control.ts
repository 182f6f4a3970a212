import { expect } from 'vitest'
import type { Order, Question, State } from './list-backend.ts'
import type { Stack } from './stack.ts'

// Our own choice: two long polls, so that only what never comes is given up.
const PATIENCE = { timeout: 20_000, interval: 50 }

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

/** The questions that came after `state`. */
export function questionsSince({ questions }: State, state: State): readonly Question[] {
  return state.questions.slice(questions.length)
}

/** Until the proxy has said that it refuses all that the authority has told. */
export async function untilApplied(stack: Behind): Promise<State> {
  let state = await listState(stack)
  await expect
    .poll(async () => {
      state = await listState(stack)
      return state.questions.at(-1)?.after
    }, PATIENCE)
    .toBe(state.generation)
  return state
}

/** Changes the list, and waits for the proxy. */
export async function publish(stack: Behind, wish: Order): Promise<State> {
  await order(stack, wish)
  return await untilApplied(stack)
}
