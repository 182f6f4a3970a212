// Promise: make revoke ends with 0 when the front has been seen to refuse the certificate, and not before.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { ask, person } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const execute = promisify(execFile)

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it('refuses whom make revoke has revoked, and nobody else', async () => {
    const url = `https://gatehouse.localhost:${stack().port}/`
    const env = { PATH: process.env.PATH, GATEHOUSE_URL: url }
    expect((await ask(stack(), { as: person('grace') })).body).toBe('Hello Grace Hopper!\n')
    const words = ['scripts/revoke.ts', 'Grace Hopper', '--reason', 'keyCompromise', '--keys', inject('keys')]
    const { stdout } = await execute(process.execPath, [...words, '--json'], { env })
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'Grace Hopper',
      isNew: true,
      fronts: [{ url, state: 'refused', refusedAfterMs: expect.any(Number) }],
    })
    expect((await ask(stack(), { as: person('grace') })).status).toBe(403)
    expect((await ask(stack(), { as: person('cecilia') })).body).toBe('Hello Cecilia Payne!\n')
  })
})
