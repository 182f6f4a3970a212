// A request made here is one that openssl and our own reader accept, with the names and the key that it is for.
import { execFileSync } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import { createSigningRequest } from '../../../pki/create-signing-request.ts'
import { generateKey, KEY_TYPES } from '../../../pki/key-type.ts'
import { encodeSigningRequestPem } from '../../../pki/pem.ts'
import { parseSigningRequest } from '../../../pki/signing-request.ts'
import { spki256Of } from '../../../pki/spki.ts'

vi.setConfig({ testTimeout: 60_000 })

const SUBJECT = [
  { type: 'O', value: 'Gatehouse' },
  { type: 'CN', value: 'Zoë 李' },
]

function openssl(pem: string, ...args: string[]): string {
  const options = { input: pem, encoding: 'utf8', stdio: 'pipe' } as const
  return execFileSync('openssl', ['req', '-verify', '-noout', ...args], options)
}

it.each(KEY_TYPES)('proves the possession of a key of type %s', async keyType => {
  const { privateKey, publicKey } = await generateKey(keyType)
  const der = await createSigningRequest({ subject: SUBJECT, emails: ['zoe@example.org'] }, privateKey)
  const pem = encodeSigningRequestPem(der)
  expect(openssl(pem, '-pubkey')).toContain(
    publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
  )
  expect(parseSigningRequest(pem)).toMatchObject({
    spki256: spki256Of(publicKey),
    subject: SUBJECT,
    emails: ['zoe@example.org'],
  })
})

describe('what it asks for', () => {
  it('is the e-mail addresses, and nothing else', async () => {
    const { privateKey } = await generateKey('ec-p256')
    const wish = { subject: SUBJECT, emails: ['zoe@example.org', 'z@example.org'] }
    const der = await createSigningRequest(wish, privateKey)
    const said = openssl(encodeSigningRequestPem(der), '-text')
    expect(said).toContain('email:zoe@example.org, email:z@example.org')
    expect(said.match(/X509v3/g)).toHaveLength(1)
    expect(parseSigningRequest(der).requestedExtensions).toEqual([])
  })

  it('is an empty set of attributes when there is nothing', async () => {
    const { privateKey } = await generateKey('ec-p256')
    const der = await createSigningRequest({ subject: SUBJECT }, privateKey)
    expect(openssl(encodeSigningRequestPem(der), '-text')).not.toContain('X509v3')
    expect(parseSigningRequest(der)).toMatchObject({ emails: [], requestedExtensions: [] })
  })
})
