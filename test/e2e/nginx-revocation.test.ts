// What is nginx's own in following the list: memory of a fixed size, which outlives the processes that share it.
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { quietly } from '../../scripts/quietly.ts'
import { ask, type ClientKeys } from '../support/ask.ts'
import { PATIENCE } from '../support/eventually.ts'
import { fate } from '../support/fate.ts'
import { clientCa } from '../support/forge.ts'
import { proxies } from '../support/fronts.ts'
import { temporaryFolder } from '../support/lab.ts'
import { listState, newsOf, order, publish, untilNews } from '../support/list-control.ts'
import { holderOf } from '../support/serial-holder.ts'
import { type Stack, startStack, useStack } from '../support/stack.ts'
import { StateFile } from '../support/state-file.ts'
import { makeUser, pemOf } from '../unit/app/lab.ts'

const [LOST, VICTIM] = ['10A5', '20B6']

let lost: ClientKeys
let victim: ClientKeys
beforeAll(async () => {
  lost = await holderOf(LOST)
  victim = await holderOf(VICTIM)
})

const LIST_WORKERS = "grep -l '[n]ginx: worker' /proc/[0-9]*/cmdline | cut -d/ -f3"

async function workersOf({ container }: Stack): Promise<readonly string[]> {
  const { stdout } = await quietly`docker exec ${container} bash -c ${LIST_WORKERS}`
  return stdout.trim().split('\n')
}

describe.each(proxies.filter(({ name }) => name === 'nginx'))('$name', proxy => {
  const file = new StateFile()
  afterAll(() => file[Symbol.dispose]())
  const stack = useStack(proxy, { backend: 'list', state: file.folder })

  it('knows after a reload what it knew, and goes on from there', async () => {
    await publish(stack(), { add: [LOST] })
    const before = await workersOf(stack())
    const { questions } = await listState(stack())
    const skipped = stack().log.lines.length
    const fates = new Set<string>()
    await quietly`docker kill --signal HUP ${stack().container}`
    await vi.waitUntil(async () => {
      fates.add(await fate(stack(), lost))
      return (await workersOf(stack())).every(pid => !before.includes(pid))
    }, PATIENCE)
    expect(fates).toEqual(new Set(['revoked']))

    const { questions: all } = await publish(stack(), { add: [VICTIM] })
    expect(await fate(stack(), victim)).toBe('revoked')
    expect(all.slice(questions.length).map(({ after }) => after)).not.toContain(0)
    expect(newsOf(stack(), skipped).map(({ state }) => state)).toEqual(['current'])
    expect(file.parts()).toHaveLength(2)
  })

  it('goes on when its processes were killed in the middle of a poll', async () => {
    await publish(stack(), { remove: [VICTIM] })
    await quietly`docker exec ${stack().container} bash -c ${`kill -KILL $(${LIST_WORKERS})`}`
    await order(stack(), { add: [VICTIM] })
    const fateOfVictim = () => fate(stack(), victim).catch(String)
    // It waits for a poll that is under way for so long.
    await vi.waitUntil(async () => (await fateOfVictim()) === 'revoked', { timeout: 45_000, interval: 200 })
    expect(await fate(stack(), lost)).toBe('revoked')
  })

  it('refuses by a list that it cannot write down, says so, and asks for the whole of it', async () => {
    await publish(stack(), { remove: [VICTIM] })
    const skipped = stack().log.lines.length
    chmodSync(file.path, 0)
    const { generation } = await publish(stack(), { add: [VICTIM] })
    expect(await fate(stack(), victim)).toBe('revoked')
    await untilNews(stack(), skipped, ({ state }) => state === 'current')
    expect(newsOf(stack(), skipped)).toMatchObject([
      {
        state: 'refused',
        generation,
        reason: expect.stringContaining('/var/lib/gatehouse/revoked cannot be written'),
      },
      { state: 'current', generation },
    ])
    expect(file.parts()).toEqual([[0, generation]])
  })

  it('says once that the application is away', async () => {
    const skipped = stack().log.lines.length
    await order(stack(), { isAway: true })
    await untilNews(stack(), skipped, ({ state }) => state === 'away')
    await order(stack(), { isAway: false })
    await untilNews(stack(), skipped, ({ state }) => state === 'current')
    expect(newsOf(stack(), skipped)).toHaveLength(2)
    expect(stack().log.lines.slice(skipped)).not.toContainEqual(expect.stringContaining('[error]'))
  })

  it('has a page for whoever is refused, and for nobody else', async () => {
    const now = new Date(Date.now() - 100 * 86_400_000)
    const expired = pemOf(await makeUser(await clientCa(), { now, days: 1 }))
    for (const as of [undefined, expired]) {
      const { status } = await ask(stack(), { as, path: '/usr/share/gatehouse/refusals/revoked.json' })
      expect(status).toBe(404)
    }
  })

  it('takes nothing of a list that does not fit into its memory', async () => {
    using folder = temporaryFolder()
    cpSync(process.env.GATEHOUSE_TEST_CONFIGURATION ?? 'proxy-configs/nginx', folder.path, {
      recursive: true,
    })
    const configuration = join(folder.path, 'nginx.conf')
    const text = readFileSync(configuration, 'utf8').replace('zone=revoked:256m', 'zone=revoked:64k')
    writeFileSync(configuration, text)
    chmodSync(folder.path, 0o755)
    vi.stubEnv('GATEHOUSE_TEST_CONFIGURATION', folder.path)
    await using small = await startStack(proxy, { backend: 'list' })
    vi.unstubAllEnvs()

    const { generation } = await publish(small, { add: [LOST] })
    const skipped = small.log.lines.length
    await order(small, { add: [VICTIM], remove: [LOST], fill: 1000 })
    expect(await untilNews(small, skipped, ({ state }) => state === 'refused')).toMatchObject({
      generation,
      entries: 1,
      reason: expect.stringContaining('js_shared_dict_zone'),
    })
    expect(await fate(small, victim)).toBe('passed')
    expect(await fate(small, lost)).toBe('revoked')
  })
})
