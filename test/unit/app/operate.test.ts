// Promise: the operator's command says what it did, 2 for wrong usage, 1 for what failed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../support/lab.ts'
import { openAt, type StorePlace, sqlite } from '../../support/store/place.ts'
import { holder, issued, NOON } from '../../support/store/rows.ts'

const PROGRAM = join(import.meta.dirname, '../../../app/operate.ts')

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function operate(url: string | undefined, words: readonly string[], input = ''): Promise<Outcome> {
  const env = { PATH: process.env.PATH, ...(url === undefined ? {} : { GATEHOUSE_DATABASE_URL: url }) }
  const child = spawn(process.execPath, [PROGRAM, ...words], { env, stdio: 'pipe' })
  child.stdin.on('error', () => {}).end(input)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, out, err }
}

async function fill(place: StorePlace): Promise<void> {
  await using store = await openAt(place)
  const person = holder()
  await store.holders.add(person)
  await store.certificates.record(issued(person))
  await store.audit.append({ event: 'FIRST', at: NOON })
  await store.audit.append({ event: 'SECOND', at: NOON })
}

const COUNTS =
  '1 holders, 1 certificates, 0 requests, 0 things done once, 2 audit events, 0 mails, 0 users of the gate, 0 recovery codes'

it('backs up to a file and restores from it', async () => {
  await using place = await sqlite.makePlace()
  await using other = await sqlite.makePlace()
  using folder = temporaryFolder()
  await fill(place)
  const file = join(folder.path, 'backup.jsonl')
  const { code, out, err } = await operate(place.url, ['backup', file])
  expect([code, out]).toEqual([0, ''])
  expect(err).toContain(
    `Backed up: ${COUNTS}, 1 numbers of revocation lists.\nThe audit trail holds: 2 events`,
  )
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const restored = await operate(other.url, ['restore', file])
  expect(restored).toMatchObject({ code: 0, out: '' })
  expect(restored.err).toContain(`Added: ${COUNTS}, 0 numbers of revocation lists.`)
  await using store = await openAt(other)
  expect(await store.certificates.counts(NOON)).toMatchObject({ valid: 1 })
})

it('backs up to standard output and restores from standard input', async () => {
  await using place = await sqlite.makePlace()
  await using other = await sqlite.makePlace()
  await fill(place)
  const { out } = await operate(place.url, ['backup', '-'])
  expect(await operate(other.url, ['restore', '-'], out)).toMatchObject({ code: 0 })
  const cut = await operate(other.url, ['restore', '-'], out.slice(0, -100))
  expect(cut).toMatchObject({ code: 1, out: '' })
  expect(cut.err).toMatch(/^The backup cannot be restored: .* Nothing was changed\.\n$/)
})

it('verifies the audit trail', async () => {
  await using place = await sqlite.makePlace()
  await fill(place)
  expect(await operate(place.url, ['audit', 'verify'])).toMatchObject({ code: 0 })
  await place.tamper(`update audit_events set record = replace(record, 'FIRST', 'OTHER')`)
  const broken = { code: 1, out: '', err: 'The audit trail is broken at event 1: it was changed.\n' }
  expect(await operate(place.url, ['audit', 'verify'])).toEqual(broken)
  await place.tamper('delete from audit_events where sequence = 1')
  expect((await operate(place.url, ['audit', 'verify'])).err).toContain('event 1: it is missing')
  await place.tamper('delete from audit_events')
  expect((await operate(place.url, ['audit', 'verify'])).err).toContain(
    'event 1: it and all up to 2 are missing',
  )
})

it('backs up a broken audit trail, and says so', async () => {
  await using place = await sqlite.makePlace()
  using folder = temporaryFolder()
  await fill(place)
  await place.tamper('delete from audit_events where sequence = 2')
  const file = join(folder.path, 'backup.jsonl')
  const { code, err } = await operate(place.url, ['backup', file])
  expect(code).toBe(1)
  expect(err).toContain('The audit trail is broken at event 2: it is missing.')
  expect(readFileSync(file, 'utf8')).toContain('"sha256"')
})

it('makes no store where there is none to back up', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'store.sqlite')
  for (const words of [
    ['backup', '-'],
    ['audit', 'verify'],
  ]) {
    const outcome = await operate(`sqlite:${file}`, words)
    expect(outcome).toEqual({
      code: 1,
      out: '',
      err: 'The store is not available: there is no such file. Try again later.\n',
    })
  }
  expect(existsSync(file)).toBe(false)
})

it('says 1 for a file that is no backup or is not there, and 2 for settings that are wrong', async () => {
  await using place = await sqlite.makePlace()
  using folder = temporaryFolder()
  const file = join(folder.path, 'other.txt')
  writeFileSync(file, 'other\n')
  expect(await operate(place.url, ['restore', file])).toMatchObject({ code: 1 })
  expect(await operate(place.url, ['restore', `${file}.none`])).toMatchObject({ code: 1 })
  expect(await operate('mysql://secret@db/x', ['restore', file])).toMatchObject({ code: 2 })
})

it.each([
  [[]],
  [['backup']],
  [['backup', '']],
  [['backup', 'one', 'two']],
  [['restore']],
  [['audit']],
  [['audit', 'read']],
  [['migrate', 'x']],
  [['backup', '--force', 'x']],
])('says 2 and how it is used for %j', async words => {
  const { code, out, err } = await operate('sqlite:/none/none', words)
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(/^Usage: npm run -s operate -- COMMAND\n/)
})

it('explains itself when asked', async () => {
  const { code, out, err } = await operate(undefined, ['--help'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('audit verify')
})
