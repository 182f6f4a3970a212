import type { ClientKeys } from './ask.ts'
import { clientCa, forge, serialOf } from './forge.ts'

/** Somebody whom the proxies believe, with that serial number: upper-case hex, two digits to the octet, no sign octet. */
export async function holderOf(serial: string): Promise<ClientKeys> {
  const isHigh = /^[89A-F]/.test(serial)
  return await forge(await clientCa(), {
    change: certificate => {
      certificate.serialNumber = serialOf(isHigh ? `00${serial}` : serial)
    },
  })
}
