// Promise: a hold ends by an administrator's word, on record; every other revocation is for good.
import { expect, it } from 'vitest'
import { type ApiLab, apiLab, type Person } from '../api-lab.ts'

const serialOf = ({ certificate }: Person) => certificate.serialNumber
const unhold = (lab: ApiLab, person: Person, as = lab.admin) =>
  lab.post(`/pki/unhold/${serialOf(person)}`, as.headers)
const revoke = (lab: ApiLab, person: Person, reason: string) =>
  lab.post(`/pki/revoke/${serialOf(person)}`, lab.admin.headers, { reason })
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]

it('lets a certificate in again on the next request', async () => {
  await using lab = await apiLab()
  const greeting = async () => (await lab.get('/', lab.grace.headers)).status
  expect((await revoke(lab, lab.grace, 'certificateHold')).body).toMatchObject({
    status: 'revoked',
    reason: 'certificateHold',
  })
  expect(await greeting()).toBe(403)
  const answer = await unhold(lab, lab.grace)
  expect(answer.status).toBe(200)
  expect(answer.body).toMatchObject({ status: 'valid', revoked_at: null, reason: null })
  expect(await greeting()).toBe(200)
  const [event, ...others] = await lab.events('CERT_UNHELD')
  expect(others).toEqual([])
  expect(event).toMatchObject({ serial: serialOf(lab.grace), actor: { serial: serialOf(lab.admin) } })
})

it.each(['keyCompromise', 'superseded', 'unspecified'])('does nothing to %s', async reason => {
  await using lab = await apiLab()
  await revoke(lab, lab.grace, reason)
  const answer = await unhold(lab, lab.grace)
  expect(codeOf(answer)).toEqual([409, 'NOT_ON_HOLD'])
  expect(JSON.parse(answer.text).detail).toContain(reason)
  expect((await lab.get('/', lab.grace.headers)).status).toBe(403)
  expect(await lab.events('CERT_UNHELD')).toEqual([])
  expect(await lab.events('UNHOLD_REFUSED')).toMatchObject([
    { code: 'NOT_ON_HOLD', serial: serialOf(lab.grace) },
  ])
})

it('does nothing to what is not revoked, or not there', async () => {
  await using lab = await apiLab()
  expect(codeOf(await unhold(lab, lab.grace))).toEqual([409, 'NOT_ON_HOLD'])
  const nowhere = await lab.post(`/pki/unhold/${'7F'.repeat(16)}`, lab.admin.headers)
  expect(codeOf(nowhere)).toEqual([404, 'CERT_UNKNOWN'])
})

it('is nothing for the holder himself', async () => {
  await using lab = await apiLab()
  await using other = await apiLab()
  await revoke(lab, lab.grace, 'certificateHold')
  expect(codeOf(await unhold(lab, lab.grace, lab.grace))).toEqual([403, 'CERT_REVOKED'])
  expect(codeOf(await unhold(other, other.admin, other.grace))).toEqual([403, 'LEVEL_TOO_LOW'])
})

it('is not possible any more when the hold has become a revocation, which has its date', async () => {
  await using lab = await apiLab()
  const held = await revoke(lab, lab.grace, 'certificateHold')
  const final = await revoke(lab, lab.grace, 'keyCompromise')
  expect(final.status).toBe(200)
  expect(final.body).toMatchObject({ reason: 'keyCompromise', revoked_at: held.body.revoked_at })
  expect(codeOf(await unhold(lab, lab.grace))).toEqual([409, 'NOT_ON_HOLD'])
  expect(codeOf(await revoke(lab, lab.grace, 'certificateHold'))).toEqual([409, 'ALREADY_REVOKED'])
})

it('cannot make a renewed certificate outlive its overlap', async () => {
  await using lab = await apiLab()
  const { replaces } = (await lab.post('/pki/renew', lab.grace.headers)).body
  const answer = await revoke(lab, lab.grace, 'certificateHold')
  expect(codeOf(answer)).toEqual([409, 'ALREADY_REVOKED'])
  expect(JSON.parse(answer.text).detail).toContain(replaces.revoked_at)
  expect((await revoke(lab, lab.grace, 'keyCompromise')).status).toBe(200)
})
