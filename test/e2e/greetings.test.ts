// Everybody is greeted by the name in their certificate, and nobody by another, through every front.
import { describe, expect, it } from 'vitest'
import { ask, person } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it.each([
    { who: 'grace', greeting: 'Hello Grace Hopper!\n' },
    { who: 'cecilia', greeting: 'Hello Cecilia Payne!\n' },
  ])('greets $who', async ({ who, greeting }) => {
    expect(await ask(stack(), { as: person(who) })).toMatchObject({ status: 200, body: greeting })
  })

  it('greets nobody', async () => {
    expect(await ask(stack())).toMatchObject({ status: 200, body: 'Hello Unauthorized!\n' })
  })
})
