// What will be signed is known before the authority's key is used, and exactly that is signed.
import { generateKeyPairSync } from 'node:crypto'
import { Certificate } from 'pkijs'
import { describe, expect, it, vi } from 'vitest'
import { issueRoot, signToBeSigned } from '../../../pki/issue-certificate.ts'
import { generateKey, KEY_TYPES } from '../../../pki/key-type.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { type ToBeSigned, toBeSigned } from '../../../pki/to-be-signed.ts'
import { verifyIssued } from '../../../pki/verify-certificate.ts'
import { makeClientCa, NOW, run, save, temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 60_000 })

const REQUEST = { profile: PROFILES.client, subject: [{ type: 'CN', value: 'Grace Hopper' }], now: NOW }
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The record as it comes back from a store. */
function stored(tbs: ToBeSigned): ToBeSigned {
  return { ...tbs, bytes: Uint8Array.from(Buffer.from(Buffer.from(tbs.bytes).toString('base64'), 'base64')) }
}

describe.each(KEY_TYPES)('by an authority with %s', keyType => {
  it('is signed as it was recorded, with nothing but the certificate of the authority to make it', async () => {
    const clientCa = await makeClientCa(keyType)
    const tbs = toBeSigned(REQUEST, publicKey, clientCa.certificate)
    const certificate = await signToBeSigned(stored(tbs), clientCa)
    expect(Buffer.from(Certificate.fromBER(certificate.der).tbsView)).toEqual(Buffer.from(tbs.bytes))
    expect(certificate).toMatchObject({
      serialNumber: tbs.serialNumber,
      notBefore: tbs.notBefore,
      notAfter: tbs.notAfter,
    })
    verifyIssued(certificate, clientCa.certificate, NOW)
  })
})

describe('signToBeSigned', () => {
  it('gives out nothing that was to be signed by another authority, or by one of the same name', async () => {
    const [clientCa, namesake] = await Promise.all([makeClientCa(), makeClientCa()])
    const { privateKey } = await generateKey('ec-p256')
    const subject = [{ type: 'CN', value: 'Another' }]
    const certificate = await issueRoot({ profile: PROFILES.clientCa, subject, now: NOW }, privateKey)
    const tbs = toBeSigned(REQUEST, publicKey, clientCa.certificate)
    for (const authority of [{ certificate, privateKey }, namesake]) {
      await expect(signToBeSigned(tbs, authority)).rejects.toThrow(
        expect.objectContaining({ code: 'CERT_ISSUER_UNKNOWN' }),
      )
    }
  })

  it('gives out nothing that is signed with a key that is not the authority’s', async () => {
    const clientCa = await makeClientCa()
    const { privateKey } = await generateKey('ec-p256')
    const tbs = toBeSigned(REQUEST, publicKey, clientCa.certificate)
    await expect(signToBeSigned(tbs, { ...clientCa, privateKey })).rejects.toThrow(
      expect.objectContaining({ code: 'CERT_SIGNATURE_INVALID' }),
    )
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['what is no sequence', Uint8Array.of(5, 0)],
    ['too little', Uint8Array.of(0x30, 0)],
  ])('signs %s never', async (_, bytes) => {
    const clientCa = await makeClientCa()
    const tbs = toBeSigned(REQUEST, publicKey, clientCa.certificate)
    await expect(signToBeSigned({ ...tbs, bytes }, clientCa)).rejects.toThrow(/to be signed/)
  })
})

it('is refused for an authority whose key cannot sign certificates here', async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  await expect(issueRoot({ ...REQUEST, profile: PROFILES.clientCa }, privateKey)).rejects.toThrow(
    expect.objectContaining({ code: 'KEY_TYPE_UNSUPPORTED' }),
  )
})

it('says where to ask whether it is revoked, when it is told', async () => {
  using folder = temporaryFolder()
  const clientCa = await makeClientCa()
  const statusUrls = { crl: 'https://gatehouse.example/pki/crl', ocsp: 'https://gatehouse.example/pki/ocsp' }
  const certificate = await signToBeSigned(
    toBeSigned({ ...REQUEST, statusUrls }, publicKey, clientCa.certificate),
    clientCa,
  )
  const path = save(folder.path, 'client', certificate)
  const text = run('openssl', 'x509', '-in', path, '-noout', '-text', '-ocsp_uri')
  expect(text).toMatch(
    /CRL Distribution Points: \n\s+Full Name:\n\s+URI:https:\/\/gatehouse.example\/pki\/crl\n/,
  )
  expect(text).toMatch(/^https:\/\/gatehouse.example\/pki\/ocsp$/m)
  expect(run('zlint', '-pretty', path)).not.toContain('"error"')
  verifyIssued(certificate, clientCa.certificate, NOW)
})
