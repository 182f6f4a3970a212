// A disk that is full refuses the paste with a reason, keeps nothing of it, and takes the next one when there is room.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { person } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { sendPaste } from '../support/send-paste.ts'
import { startStack } from '../support/stack.ts'

const MIB = 1024 * 1024

it.each(fronts.filter(({ name }) => name === 'direct'))('$name', async front => {
  await using stack = await startStack(front, {
    environment: { GATEHOUSE_PASTES_DIR: '/pastes' },
    tmpfs: { '/pastes': 'rw,size=4m,mode=1777' },
  })
  const send = (octets: number) => sendPaste(stack, { as: person('grace'), octets, isAnnounced: false })
  const files = () => execFileSync('docker', ['exec', stack.container, 'ls', '/pastes'], { encoding: 'utf8' })
  const kept = await send(2 * MIB)
  expect(kept.status).toBe(201)
  const before = files()
  expect(await send(3 * MIB)).toMatchObject({ status: 507, json: { code: 'STORAGE_FULL' } })
  expect(files()).toBe(before)
  expect((await send(MIB)).status).toBe(201)
})
