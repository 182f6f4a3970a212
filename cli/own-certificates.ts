import type { KeyObject } from 'node:crypto'
import { spki256Of } from '../pki/spki.ts'
import { CERTIFICATES, type CertificateAnswer, ISSUED, type IssuedAnswer } from './answers.ts'
import type { Client } from './http-client.ts'

async function findByKey(
  client: Client,
  spki256: string,
  after?: string,
): Promise<CertificateAnswer | undefined> {
  const query = { status: 'valid', limit: '1000', after }
  const { certificates, next } = await client.read(CERTIFICATES, { path: 'pki/certs', query })
  const found = certificates.find(certificate => certificate.spki256 === spki256)
  return found || next === null ? found : await findByKey(client, spki256, next)
}

/** The caller's valid certificate for a key, if there is one. */
export async function findOwnCertificate(
  client: Client,
  publicKey: KeyObject,
): Promise<IssuedAnswer | undefined> {
  const found = await findByKey(client, spki256Of(publicKey))
  return found && (await client.read(ISSUED, { path: `pki/certs/${found.serial}` }))
}
