// Whoever changes, removes, reorders or rewrites what was recorded is noticed.
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../../cli/errors.ts'
import { CHAIN_START, type ChainLink, canonicalJson, chainHash } from '../../../pki/hash-chain.ts'
import { answering, type Home, makeHome, type Outcome, startStub } from './lab.ts'

/** An honest chain of `count` events; another `salt` makes another one. */
function chain(count: number, salt = ''): ChainLink[] {
  const links: ChainLink[] = []
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const record = canonicalJson({ sequence, event: `EVENT${salt}`, at: '2027-01-01T00:00:00.000Z' })
    const previousHash = links.at(-1)?.hash ?? CHAIN_START.hash
    links.push({ sequence, record, previousHash, hash: chainHash(previousHash, record) })
  }
  return links
}

interface Trail {
  links: readonly ChainLink[]
  head?: { sequence: number; hash: string }
}

/** Serves a trail in pages of three, whatever is asked for. */
async function startTrail(home: Home, trail: Trail) {
  return await startStub(
    home.path,
    answering({
      'GET /pki/audit': (_, request) => {
        const after = Number(new URL(request.url ?? '', 'https://localhost').searchParams.get('after'))
        const rest = trail.links.filter(({ sequence }) => sequence > after)
        const page = rest.slice(0, 3)
        const { sequence, hash } = trail.links.at(-1) ?? CHAIN_START
        const events = page.map(({ previousHash, ...event }) => ({ ...event, previous_hash: previousHash }))
        return [
          200,
          {
            events,
            next: rest.length > 3 ? page.at(-1)?.sequence : null,
            head: trail.head ?? { sequence, hash },
          },
        ]
      },
    }),
  )
}

async function verify(home: Home, { url, ca }: { url: string; ca: string }): Promise<Outcome> {
  return await home.gatehouse(['audit', 'verify', '--quiet', '--server', url, '--ca', ca])
}

const broken = (message: RegExp) => ({
  exitCode: EXIT.failure,
  stdout: '',
  stderr: expect.stringMatching(message),
})

describe('a trail', () => {
  it('holds over several pages, and is compared with the last time', async () => {
    using home = makeHome()
    const trail = { links: chain(7) }
    await using server = await startTrail(home, trail)
    expect(await verify(home, server)).toMatchObject({
      exitCode: EXIT.ok,
      stdout: expect.stringContaining('7 events'),
    })
    trail.links = chain(10)
    expect(await verify(home, server)).toMatchObject({
      exitCode: EXIT.ok,
      stdout: expect.stringContaining('10 events, and the chain holds. The 7 of the last time'),
    })
    expect(await verify(home, server)).toMatchObject({ exitCode: EXIT.ok })
  })

  it('may be empty', async () => {
    using home = makeHome()
    await using server = await startTrail(home, { links: [] })
    expect(await verify(home, server)).toMatchObject({
      exitCode: EXIT.ok,
      stdout: expect.stringContaining('0 events'),
    })
  })

  const honest = chain(7)
  const [first, second, third] = honest as [ChainLink, ChainLink, ChainLink]
  const forged = { ...second, record: second.record.replace('EVENT', 'EVENX') }
  it.each<[string, Trail, RegExp]>([
    ['changed', { links: honest.with(1, forged) }, /event 2: it was changed.*AUDIT_BROKEN/],
    [
      'changed with its hash',
      { links: honest.with(1, { ...forged, hash: chainHash(forged.previousHash, forged.record) }) },
      /event 3: it does not follow/,
    ],
    ['missing one', { links: honest.toSpliced(3, 1) }, /event 4: it is missing/],
    ['reordered', { links: [first, third, second] }, /AUDIT_BROKEN/],
    [
      'cut off before its head',
      { links: honest.slice(0, 5), head: { sequence: 7, hash: honest[6]?.hash ?? '' } },
      /event 6: .*missing/,
    ],
    ['with another head', { links: honest, head: { sequence: 7, hash: 'F'.repeat(64) } }, /event 7/],
  ])('that is %s does not hold', async (_, trail, message) => {
    using home = makeHome()
    await using server = await startTrail(home, trail)
    expect(await verify(home, server)).toMatchObject(broken(message))
  })

  it.each([
    ['rewritten from the start', chain(9, 'X')],
    ['cut off', chain(5)],
    ['gone', []],
  ])('that holds by itself but is %s is noticed, again and again', async (_, links) => {
    using home = makeHome()
    const trail = { links: chain(7) }
    await using server = await startTrail(home, trail)
    await verify(home, server)
    trail.links = links
    expect(await verify(home, server)).toMatchObject(broken(/event 7 .*AUDIT_REWRITTEN/))
    expect(await verify(home, server)).toMatchObject(broken(/AUDIT_REWRITTEN/))
    trail.links = chain(8)
    expect(await verify(home, server)).toMatchObject({ exitCode: EXIT.ok })
  })
})
