import { PEM } from './answers.ts'
import { unexpectedAnswer } from './errors.ts'
import type { Client } from './http-client.ts'

/** The client CA's certificate, in PEM. */
export async function fetchClientCa(client: Client): Promise<string> {
  const { body } = await client.ask({ path: 'pki/ca.crt', accept: 'application/pem-certificate-chain' })
  const result = PEM.safeParse(body.toString('utf8'))
  if (result.success) return result.data
  throw unexpectedAnswer('it is not a certificate in PEM', result.error)
}
