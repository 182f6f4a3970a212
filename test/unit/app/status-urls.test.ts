// Promise: certificates name addresses below the public one, however that is written.
import { expect, it } from 'vitest'
import { statusUrlsBelow } from '../../../app/status-urls.ts'

it.each([
  ['https://gatehouse.example', 'https://gatehouse.example'],
  ['https://gatehouse.example/', 'https://gatehouse.example'],
  ['https://example.org:8443/door', 'https://example.org:8443/door'],
  ['https://bücher.example/', 'https://xn--bcher-kva.example'],
])('%s', (publicUrl, base) => {
  expect(statusUrlsBelow(publicUrl)).toEqual({ crl: `${base}/pki/crl`, ocsp: `${base}/pki/ocsp` })
})
