// HAProxy's own way of following the list: what goes wrong beside it changes nothing of who is refused.
import { chmodSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { quietly } from '../../scripts/quietly.ts'
import { fate } from '../support/fate.ts'
import { proxies } from '../support/fronts.ts'
import { newsOf, publish } from '../support/list-control.ts'
import { holderOf } from '../support/serial-holder.ts'
import { useStack } from '../support/stack.ts'
import { StateFile } from '../support/state-file.ts'

describe.each(proxies.filter(({ name }) => name === 'haproxy'))('$name', proxy => {
  const file = new StateFile()
  afterAll(() => file[Symbol.dispose]())
  const stack = useStack(proxy, { backend: 'list', state: file.folder })

  it('a state file to which nothing can be added is written anew, and nobody is counted twice', async () => {
    await publish(stack(), { generation: 5 })
    chmodSync(file.path, 0o400)
    const { generation } = await publish(stack(), { add: ['10A5'], remove: ['20B6'] })
    expect(await fate(stack(), await holderOf('10A5'))).toBe('revoked')
    expect(file.parts()).toEqual([[0, generation]])
    expect(newsOf(stack(), 0).slice(-2)).toMatchObject([
      { state: 'refused', entries: 1, reason: expect.stringMatching(/^\/var\/lib\/gatehouse\/revoked: /) },
      { state: 'current', entries: 1 },
    ])
  })

  it('the end of the process is no news of the list', async () => {
    const skipped = stack().log.lines.length
    await quietly`docker stop ${stack().container}`
    expect(newsOf(stack(), skipped)).toEqual([])
  })
})
