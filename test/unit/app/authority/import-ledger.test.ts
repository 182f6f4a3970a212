// Promise: what the scripts have issued is known to the store once, and can be listed, renewed and revoked like everything else.
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLedgerImport } from '../../../../app/authority/import-ledger.ts'
import { encodeCertificatePem } from '../../../../pki/pem.ts'
import { makeClientCa, temporaryFolder } from '../../../support/lab.ts'
import { type ApiLab, apiLab, CA, presenting } from '../api-lab.ts'
import { makeOwn, makeUser } from '../lab.ts'

let folder: ReturnType<typeof temporaryFolder>
let file: string
let lab: ApiLab
let run: () => Promise<void>
beforeEach(async () => {
  folder = temporaryFolder()
  file = join(folder.path, 'issued.pem')
  lab = await apiLab()
  run = createLedgerImport(lab.context, file)
})
afterEach(async () => {
  await lab[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const user = (commonName: string) => makeUser(CA, { subject: [{ type: 'CN', value: commonName }] })
const pemOf = async (commonName: string) => encodeCertificatePem((await user(commonName)).certificate.der)

it('nothing happens without a file, and what comes later is imported', async () => {
  await run()
  writeFileSync(file, await pemOf('Ada'))
  await run()
  expect(await lab.events('CERT_IMPORTED')).toMatchObject([{ commonName: 'Ada', actor: null }])
})

it('what another authority signed, or nobody, is passed over', async () => {
  const foreign = await makeUser(await makeClientCa())
  const own = await makeOwn([{ type: 'CN', value: 'Mallory' }])
  writeFileSync(file, [foreign, own].map(({ certificate }) => encodeCertificatePem(certificate.der)).join(''))
  await run()
  expect(await lab.events('CERT_IMPORTED')).toEqual([])
})

it('each is imported once, however often and from however many processes', async () => {
  writeFileSync(file, (await pemOf('Ada')) + (await pemOf('Eve')))
  await Promise.all([run(), createLedgerImport(lab.context, file)(), createLedgerImport(lab.context, file)()])
  appendFileSync(file, await pemOf('Bob'))
  await run()
  await run()
  const names = (await lab.events('CERT_IMPORTED')).map(({ commonName }) => commonName)
  expect(names).toEqual(['Ada', 'Eve', 'Bob'])
})

it('a damaged one is said, and does not undo the others', async () => {
  writeFileSync(file, await pemOf('Ada'))
  await run()
  appendFileSync(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  await expect(run()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await expect(run()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  expect(await lab.events('CERT_IMPORTED')).toHaveLength(1)
})

it('its name and key are taken, and it is seen, renewed and revoked by whoever has it', async () => {
  const ada = await user('Ada')
  writeFileSync(file, encodeCertificatePem(ada.certificate.der))
  await run()
  expect((await lab.register({ common_name: 'ADA' })).status).toBe(409)
  const headers = presenting(ada.certificate)
  expect((await lab.get('/pki/certs', headers)).body.certificates).toMatchObject([
    { common_name: 'Ada', origin: 'script', status: 'valid', serial: ada.certificate.serialNumber },
  ])
  expect((await lab.post('/pki/renew', headers)).status).toBe(201)
  expect((await lab.post(`/pki/revoke/${ada.certificate.serialNumber}`, headers)).status).toBe(200)
  expect((await lab.get('/pki', headers)).status).toBe(403)
  await createLedgerImport(lab.context, file)()
  expect((await lab.get('/pki', headers)).status).toBe(403)
})
