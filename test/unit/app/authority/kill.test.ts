// Promise: whenever the process is killed, what was signed is on record and can be revoked, and what was asked for can be asked again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../../../app/store/open-store.ts'
import { encodeCertificatePem } from '../../../../pki/pem.ts'
import type { Death, Step } from '../../../support/authority/dying-issuer.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import { type ApiLab, apiLab, applicant, CA, OPERATOR } from '../api-lab.ts'

const PROGRAM = join(import.meta.dirname, '../../../support/authority/dying-issuer.ts')
const STEPS: readonly Step[] = [
  'before-record',
  'in-record',
  'after-record',
  'after-sign',
  'in-complete',
  'after-complete',
]
/** From here on the serial number is on record. */
const isRecorded = (step: Step) => STEPS.indexOf(step) >= STEPS.indexOf('after-record')

async function die(url: string, step: Step, task: Death['task']): Promise<void> {
  const death: Death = {
    url,
    step,
    task,
    caCertificate: encodeCertificatePem(CA.certificate.der),
    caKey: CA.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(death)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [said, trouble, [, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  expect({ trouble, signal }).toEqual({ trouble: '', signal: 'SIGKILL' })
  expect(said).not.toContain('done')
}

/** A store in a file, and the authority on it as it is after a restart, with a clock that can be put forward. */
async function restartable() {
  const folder = temporaryFolder()
  const url = `sqlite:${join(folder.path, 'store.sqlite')}`
  const clock = { ahead: 0 }
  const now = () => new Date(Date.now() + clock.ahead)
  const store = await openStore({ url, now })
  const lab = await apiLab({ store, now, context: { policy: () => 'queue' } })
  return {
    url,
    lab,
    clock,
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

async function rowsOf(lab: ApiLab, commonName: string) {
  const rows = await lab.store.certificates.list({
    now: Date.now(),
    search: commonName.toLowerCase(),
    limit: 100,
  })
  return rows.map(({ serial, state, revokedAt }) => ({ serial, state, isRevoked: revokedAt !== null }))
}

/** Gives up what was left, six minutes later. */
async function recover({ lab, clock }: Awaited<ReturnType<typeof restartable>>): Promise<number> {
  expect(await lab.authority.recover()).toBe(0)
  clock.ahead += 6 * 60_000
  return await lab.authority.recover()
}

describe.each(STEPS)('killed %s', step => {
  it('while it issues: on record and revocable if it can have been signed, free again afterwards', async () => {
    await using place = await restartable()
    const { lab, url } = place
    const { csr } = await applicant('Ada')
    await die(url, step, { issue: { commonName: 'Ada', csr } })
    const [row, ...others] = await rowsOf(lab, 'Ada')
    expect(others).toEqual([])
    expect(row === undefined).toBe(!isRecorded(step))
    if (step === 'after-complete') {
      expect(row).toMatchObject({ state: 'issued', isRevoked: false })
      expect(await recover(place)).toBe(0)
      const { row: revoked } = await lab.authority.revoke(OPERATOR, {
        serial: row?.serial ?? '',
        reason: 'keyCompromise',
      })
      expect(revoked.revokedAt).not.toBeNull()
      return
    }
    if (row) expect(row).toMatchObject({ state: 'recorded', isRevoked: false })
    expect(await recover(place)).toBe(row ? 1 : 0)
    if (row) expect(await rowsOf(lab, 'Ada')).toMatchObject([{ serial: row.serial, isRevoked: true }])
    expect(await lab.store.outbox.claim({ now: Date.now() * 2, claimUntil: 0, limit: 10 })).toEqual([])
    // The same name and the same key.
    const again = await lab.authority.issue(OPERATOR, { commonName: 'Ada', csr, pkcs12: 'modern' })
    expect(again.row.serial).not.toBe(row?.serial)
  })

  it('while a request is approved: it waits again, and one certificate comes of it', async () => {
    await using place = await restartable()
    const { lab, url } = place
    const { csr } = await applicant('Eve')
    const { id, sha256 } = (await lab.register({ csr })).body
    await die(url, step, { approve: { id, sha256 } })
    await recover(place)
    const isDone = step === 'after-complete'
    expect(await lab.store.requests.find(id)).toMatchObject({ status: isDone ? 'issued' : 'waiting' })
    if (!isDone)
      expect(await lab.authority.approve(OPERATOR, { id, sha256 })).toMatchObject({ status: 'issued' })
    const rows = await rowsOf(lab, 'Eve')
    expect(rows.filter(row => row.state === 'issued' && !row.isRevoked)).toHaveLength(1)
    expect(rows.filter(row => row.state === 'recorded' && !row.isRevoked)).toEqual([])
  })

  it('while a key is collected: it can be collected again, unless it may have left', async () => {
    await using place = await restartable()
    const { lab, url } = place
    const { id, sha256 } = (await lab.register({ common_name: 'Bob' })).body
    await lab.authority.approve(OPERATOR, { id, sha256 })
    await die(url, step, { collect: { id } })
    await recover(place)
    const collecting = lab.authority.collect(OPERATOR, { id, pkcs12: 'modern' })
    if (step === 'after-complete') await expect(collecting).rejects.toMatchObject({ code: 'ALREADY_DECIDED' })
    else expect((await collecting).pkcs12?.passphrase).toEqual(expect.any(String))
  })
})

it('what a living process is signing is left alone, however often others look', async () => {
  await using place = await restartable()
  const { lab, url } = place
  await die(url, 'after-record', { issue: { commonName: 'Ada' } })
  place.clock.ahead += 4 * 60_000
  expect(await lab.authority.recover()).toBe(0)
  expect(await rowsOf(lab, 'Ada')).toMatchObject([{ state: 'recorded', isRevoked: false }])
  place.clock.ahead += 2 * 60_000
  expect(await lab.authority.recover()).toBe(1)
  expect(await lab.events('CERT_ABANDONED')).toMatchObject([{ actor: null, serial: expect.any(String) }])
  expect(await lab.authority.recover()).toBe(0)
})

it('of more than a thousand requests that wait to be collected, the one that died can be collected again', async () => {
  await using place = await restartable()
  const { lab, url } = place
  const { id, sha256 } = (await lab.register({ common_name: 'Bob' })).body
  const row = await lab.authority.approve(OPERATOR, { id, sha256 })
  await lab.store.transaction(async within => {
    for (let i = 0; i < 1001; i += 1) {
      const later = row.requestedAt + 1 + i
      await within.requests.add({ ...row, id: later.toString(16).padStart(32, '0'), requestedAt: later })
    }
  })
  await die(url, 'after-record', { collect: { id } })
  expect(await recover(place)).toBe(1)
  expect((await lab.authority.collect(OPERATOR, { id, pkcs12: 'modern' })).row.commonName).toBe('Bob')
})
