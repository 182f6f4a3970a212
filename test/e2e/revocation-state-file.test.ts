// A proxy that starts again knows what it knew, however long the application is away, and nothing that the authority has not signed.
import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { quietly } from '../../scripts/quietly.ts'
import type { ClientKeys } from '../support/ask.ts'
import { describeAtOnce } from '../support/at-once.ts'
import { eventually, PATIENCE } from '../support/eventually.ts'
import { type Fate, fate, health } from '../support/fate.ts'
import { type ProxyFront, proxies } from '../support/fronts.ts'
import { listState, order, publish, untilApplied, untilNews } from '../support/list-control.ts'
import { holderOf } from '../support/serial-holder.ts'
import { useStack } from '../support/stack.ts'
import { part, StateFile } from '../support/state-file.ts'

const [FIRST, SECOND] = ['10A5', '20B6']

let first: ClientKeys
let second: ClientKeys
beforeAll(async () => {
  first = await holderOf(FIRST)
  second = await holderOf(SECOND)
})

// Long before what the authority itself begins with.
const WHOLE = () => part({ from: 0, to: 5, lines: [`+${FIRST}`] })
const CHANGE = () => part({ from: 5, to: 9, lines: [`+${SECOND}`] })

interface Damage {
  readonly damage: string
  write(file: StateFile): void
  /** What has become of the first and the second. */
  readonly left: readonly [first: Fate, second: Fate]
  /** From where on the list is asked for. */
  readonly after: number
  /** That something of the file was thrown away. */
  readonly isSaid: boolean
}

const BOTH = { left: ['revoked', 'revoked'], after: 9, isSaid: false } as const
const ONLY_FIRST = { left: ['revoked', 'passed'], after: 5, isSaid: true } as const
const NOTHING = { left: ['no list', 'no list'], after: 0, isSaid: true } as const
const PATH = '/var/lib/gatehouse/revoked'
const OTHER_SECRET = 'f'.repeat(64)

const DAMAGES: readonly Damage[] = [
  { damage: 'that is whole', write: file => file.write(WHOLE() + CHANGE()), ...BOTH },
  {
    damage: 'in which a bit of the second part is another',
    write: file => file.write(WHOLE() + CHANGE().replace(`+${SECOND}`, `-${SECOND}`)),
    ...ONLY_FIRST,
  },
  {
    damage: 'that is cut off',
    write: file => file.write(WHOLE() + CHANGE().slice(0, -20)),
    ...ONLY_FIRST,
  },
  {
    damage: 'that is cut off in a serial',
    write: file => file.write(WHOLE() + CHANGE().slice(0, CHANGE().indexOf(SECOND) + 2)),
    ...ONLY_FIRST,
  },
  { damage: 'whose last part was removed', write: file => file.write(WHOLE()), ...ONLY_FIRST, isSaid: false },
  {
    damage: 'in which a part is missing',
    write: file => file.write(WHOLE() + part({ from: 7, to: 9, lines: [`+${SECOND}`] })),
    ...ONLY_FIRST,
  },
  {
    damage: 'in which a part was put in again',
    write: file => file.write(WHOLE() + CHANGE() + part({ from: 5, to: 9, lines: [`-${FIRST}`] })),
    ...BOTH,
    isSaid: true,
  },
  {
    damage: 'whose second part another secret has signed',
    write: file => file.write(WHOLE() + part({ from: 5, to: 9, lines: [`-${FIRST}`] }, OTHER_SECRET)),
    ...ONLY_FIRST,
  },
  {
    damage: 'that another secret has signed',
    write: file => file.write(part({ from: 0, to: 5, lines: [] }, OTHER_SECRET)),
    ...NOTHING,
  },
  { damage: 'whose first part was removed', write: file => file.write(CHANGE()), ...NOTHING },
  {
    damage: 'in which a bit of the first part is another',
    write: file => file.write(WHOLE().replace(FIRST, '10A4') + CHANGE()),
    ...NOTHING,
  },
  { damage: 'that is empty', write: file => file.write(''), ...NOTHING, isSaid: false },
  { damage: 'that is something else', write: file => file.write('\0'.repeat(4096)), ...NOTHING },
  {
    damage: 'that cannot be read',
    write: file => {
      file.write(WHOLE())
      chmodSync(file.path, 0)
    },
    ...NOTHING,
  },
]

function useStateFile(proxy: ProxyFront) {
  const file = new StateFile()
  afterAll(() => file[Symbol.dispose]())
  const stack = useStack(proxy, { backend: 'list', state: file.folder })
  const fates = async () => [await fate(stack(), first), await fate(stack(), second)]

  /** While the application gives no list, so that what is refused is what was kept; what is asked for first. */
  async function restart(meanwhile: () => void = () => undefined): Promise<number> {
    await order(stack(), { always: 'hold' })
    let before = 0
    await stack().restart('front', async () => {
      before = (await listState(stack())).questions.length
      meanwhile()
    })
    const question = await vi.waitUntil(async () => (await listState(stack())).questions[before], PATIENCE)
    return question.after
  }

  async function comeBack(): Promise<void> {
    await order(stack(), { always: 'right' })
    await untilApplied(stack())
  }
  return { stack, file, fates, restart, comeBack }
}

describeAtOnce('$name keeps what it knows', proxies, proxy => {
  const { stack, file, fates, restart, comeBack } = useStateFile(proxy)

  it('over a restart while the application is away, change by change', async () => {
    await publish(stack(), { add: [FIRST] })
    const { generation } = await publish(stack(), { add: [SECOND] })
    expect(await restart()).toBe(generation)
    expect(await fates()).toEqual(['revoked', 'revoked'])
    await order(stack(), { always: 'status 500' })
    const stale = /^ok, revocation list stale since /
    await eventually(() => health(stack()), [200, expect.stringMatching(stale)])
    await comeBack()
    await publish(stack(), { remove: [FIRST] })
    await restart()
    expect(await fates()).toEqual(['passed', 'revoked'])
  })

  it('when it is killed as soon as it has said that it refuses somebody', async () => {
    await comeBack()
    await publish(stack(), { add: [FIRST] })
    await quietly`docker kill ${stack().container}`
    await restart()
    expect(await fates()).toEqual(['revoked', 'revoked'])
  })

  it('as the authority has signed it, and not more than it said', async () => {
    await comeBack()
    const { generation } = await publish(stack(), { remove: [FIRST] })
    const parts = file.parts()
    expect(parts[0]?.[0]).toBe(0)
    expect(parts.at(-1)?.[1]).toBe(generation)
    expect(parts.slice(1).map(([from]) => from)).toEqual(parts.slice(0, -1).map(([, to]) => to))
    expect(parts.filter(([from, to]) => from === to)).toEqual([])
  })

  it('in one part again when there are more than a thousand', async () => {
    await order(stack(), { remove: [SECOND] })
    const later = Array.from({ length: 1000 }, (_, i) => part({ from: 5 + i, to: 6 + i, lines: ['+30C7'] }))
    expect(await restart(() => file.write(WHOLE() + later.join('')))).toBe(0)
    expect(await fates()).toEqual(['revoked', 'passed'])
    await publish(stack(), { always: 'right', add: [SECOND], remove: [FIRST] })
    expect(await fates()).toEqual(['passed', 'revoked'])
    expect(file.parts()).toHaveLength(1)
  })
})

describeAtOnce('$name with a file', proxies, proxy => {
  const { stack, file, fates, restart, comeBack } = useStateFile(proxy)
  beforeAll(() => publish(stack(), { add: [FIRST, SECOND] }))

  it.each(DAMAGES)(
    '$damage refuses by what can be verified of it',
    async ({ write, left, after, isSaid }) => {
      const skipped = stack().log.lines.length
      expect(await restart(() => write(file))).toBe(after)
      expect(await fates()).toEqual(left)
      expect((await health(stack()))[0]).toBe(left[0] === 'no list' ? 503 : 200)
      if (isSaid) await untilNews(stack(), skipped, ({ reason }) => Boolean(reason?.includes(PATH)))
      await comeBack()
      expect(await fates()).toEqual(['revoked', 'revoked'])
      expect(file.parts().at(-1)?.[1]).toBe((await listState(stack())).generation)
    },
  )
})
