// Promise: while the store cannot be written nothing is decided and nothing half-done, and the same question gets its answer afterwards.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openAuthority } from '../../../../app/authority/authority.ts'
import { AppError } from '../../../../app/errors.ts'
import { createStore } from '../../../../app/store/create-store.ts'
import { migrate } from '../../../../app/store/migrations.ts'
import { databaseOver, openStore } from '../../../../app/store/open-store.ts'
import { NodeSqliteDialect } from '../../../../app/store/sqlite-dialect.ts'
import { openSqliteFile } from '../../../../app/store/sqlite-file.ts'
import type { Store } from '../../../../app/store/store.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import { type ApiLab, apiLab, applicant, CA, NOBODY, OPERATOR } from '../api-lab.ts'
import { dumpOf } from '../dump-of.ts'

const now = () => new Date()
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]

it('locked by another program: 503 for all that changes something, and nothing is half-issued', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'store.sqlite')
  await using store = await openStore({ url: `sqlite:${file}`, now })
  await using lab = await apiLab({
    store,
    context: { policy: ({ channel }) => (channel === 'register' ? 'sign' : 'queue') },
  })
  const { csr } = await applicant('Ada')
  const waiting = (await lab.post('/tlsauth/certify/', NOBODY, { csr }).set('Accept', 'application/json'))
    .body
  const own = await applicant('Eve')
  const proof = await lab.proof()
  const calls: readonly (readonly [string, object, number])[] = [
    ['/register', { ...proof, csr: own.csr }, 201],
    ['/pki/issue', { common_name: 'Mary' }, 201],
    [`/pki/requests/${waiting.id}/approve`, { sha256: waiting.sha256 }, 200],
    [`/pki/revoke/${lab.grace.certificate.serialNumber}`, {}, 200],
  ]
  const send = ([path, body]: (typeof calls)[number]) => lab.post(path, lab.admin.headers, body)
  await lab.settled()
  const before = await dumpOf(lab)
  using other = locking(file)
  const refused = await Promise.all(calls.map(send))
  expect(refused.map(codeOf)).toEqual(calls.map(() => [503, 'STORE_UNAVAILABLE']))
  expect((await lab.get('/pki/certs', lab.admin.headers)).status).toBe(200)
  other[Symbol.dispose]()
  expect(await dumpOf(lab)).toBe(before)
  const answers = []
  for (const call of calls) answers.push((await send(call)).status)
  expect(answers).toEqual(calls.map(([, , status]) => status))
})

/** As another program does it that never ends its transaction. */
function locking(file: string): Disposable {
  const other = new DatabaseSync(file)
  other.exec('begin immediate')
  return {
    [Symbol.dispose]() {
      if (other.isOpen) other.close()
    },
  }
}

it('a disk that is full: what was acknowledged is there, the rest was refused, and gets its answer when there is room', async () => {
  using folder = temporaryFolder()
  const database = await openSqliteFile(join(folder.path, 'store.sqlite'), true)
  const db = databaseOver(new NodeSqliteDialect(database))
  await migrate(db)
  await using lab = await apiLab({ store: createStore(db, now) })
  const { page_count: pages } = database.prepare('pragma page_count').get() as { page_count: number }
  database.exec(`pragma max_page_count = ${pages + 30}`)
  const { issued, refused, csr } = await fillUp(lab)
  expect(refused).toEqual([503, 'STORE_UNAVAILABLE'])
  const rows = await lab.store.certificates.list({ now: Date.now(), status: 'valid', limit: 1000 })
  expect(rows.map(({ serial }) => serial)).toEqual(expect.arrayContaining(issued))
  expect(rows).toHaveLength(issued.length + 2)
  database.exec(`pragma max_page_count = ${pages + 1000}`)
  expect((await lab.post('/pki/issue', lab.admin.headers, { csr })).status).toBe(201)
})

/** Issues until the database may not grow any more. */
async function fillUp(lab: ApiLab) {
  const issued: string[] = []
  for (;;) {
    const { csr } = await applicant(`Person ${issued.length}`)
    const answer = await lab.post('/pki/issue', lab.admin.headers, { csr })
    if (answer.status !== 201) return { issued, refused: codeOf(answer), csr }
    issued.push(answer.body.serial)
  }
}

it('a store that is closed: 503', async () => {
  const lab = await apiLab()
  await lab.settled()
  await lab.store[Symbol.asyncDispose]()
  expect((await lab.get('/pki')).status).toBe(503)
  expect((await lab.get('/register/challenge')).status).toBe(503)
  expect((await lab.post('/tlsauth/register/', NOBODY, { common_name: 'Ada' })).status).toBe(503)
})

describe('a store that goes away in the middle of issuing', () => {
  it.each([
    ['before anything is on record', [1]],
    ['after the serial number is on record', [2]],
    ['and does not take either that it was given up', [2, 3]],
  ])('%s: the same name and the same key get a certificate when it is back', async (_, failing) => {
    await using lab = await apiLab()
    let count = 0
    const transaction: Store['transaction'] = async work => {
      count += 1
      if (failing.includes(count)) throw new AppError('STORE_UNAVAILABLE', 'away')
      return await lab.store.transaction(work)
    }
    const authority = openAuthority({ ...lab.context, store: { ...lab.store, transaction } })
    const { csr } = await applicant('Ada Lovelace')
    const wish = { channel: 'register', commonName: 'Ada Lovelace', csr, pkcs12: 'compatible' } as const
    await expect(authority.register(OPERATOR, wish)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const valid = async () =>
      (
        await lab.store.certificates.list({
          now: Date.now(),
          search: 'ada lovelace',
          status: 'valid',
          limit: 10,
        })
      ).length
    expect(await valid()).toBe(0)
    expect((await authority.register(OPERATOR, wish)).kind).toBe('issued')
    expect(await valid()).toBe(1)
    const left = await lab.store.certificates.list({
      now: Date.now(),
      search: 'ada lovelace',
      status: 'recorded',
      limit: 10,
    })
    expect(left).toEqual([])
  })

  it('while a request is approved: it waits again, and comes of the next approval', async () => {
    await using lab = await apiLab({ context: { policy: () => 'queue' } })
    const { csr } = await applicant('Ada Lovelace')
    const { id, sha256 } = (await lab.register({ csr })).body
    let count = 0
    const transaction: Store['transaction'] = async work => {
      count += 1
      if (count === 2) throw new AppError('STORE_UNAVAILABLE', 'away')
      return await lab.store.transaction(work)
    }
    const authority = openAuthority({ ...lab.context, store: { ...lab.store, transaction } })
    await expect(authority.approve(OPERATOR, { id, sha256 })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    expect(await lab.store.requests.find(id)).toMatchObject({
      status: 'waiting',
      serial: null,
      decidedBy: null,
    })
    expect((await authority.approve(OPERATOR, { id, sha256 })).status).toBe('issued')
  })

  it.each(['signing', 'packing'])('when %s fails: nothing is valid, and the name is free', async what => {
    await using lab = await apiLab()
    const privateKey = what === 'signing' ? (await applicant()).privateKey : CA.privateKey
    const signer = { certificate: CA.certificate, privateKey }
    const post = {
      ...lab.context.post,
      async issued() {
        throw new RangeError('nothing to send')
      },
    }
    const broken = openAuthority({ ...lab.context, signer, ...(what === 'packing' && { post }) })
    const wish = { commonName: 'Ada Lovelace', pkcs12: 'compatible' } as const
    await expect(broken.issue(OPERATOR, wish)).rejects.toThrow()
    const rows = await lab.store.certificates.list({ now: Date.now(), search: 'ada lovelace', limit: 10 })
    expect(rows).toMatchObject([{ state: 'recorded', revocationReason: 'cessationOfOperation' }])
    expect((await lab.authority.issue(OPERATOR, wish)).row.commonName).toBe('Ada Lovelace')
  })
})
