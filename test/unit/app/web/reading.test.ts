// Promise: reading changes nothing, on any route, as a page or as data, whoever reads.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ApiLab, apiLab, NOBODY } from '../api-lab.ts'
import { dumpOf } from '../dump-of.ts'
import { gateConfig } from '../gate/gate-lab.ts'
import { FROM_PAGE } from './form-token-of.ts'

let lab: ApiLab
let paths: readonly string[]
beforeAll(async () => {
  lab = await apiLab({ gate: gateConfig(), context: { policy: () => 'queue' } })
  const { body: waiting } = await lab.register({ common_name: 'Ada' })
  const { body: paste } = await lab.paste(lab.admin.headers, 'kept')
  const described = (await lab.get('/openapi.json')).body.paths as Record<string, object>
  const { serialNumber } = lab.grace.certificate
  const ofApi = Object.keys(described).map(path =>
    path
      .replace('{id}', path.startsWith('/pastes') ? paste.id : waiting.id)
      .replace('{serial}', serialNumber)
      .replace('{request}', 'MAA='),
  )
  const ofPages = ['register/', 'certify/', 'cert/', 'csrs/', 'test/', 'import/', 'file/'].map(
    each => `/tlsauth/${each}`,
  )
  const decisions = ['sign', 'reject'].map(each => `/tlsauth/csrs/${waiting.id}/${each}`)
  const own = ['', 'renew', 'revoke'].map(each => `/certificates/${each}`)
  const admin = [
    ...['', 'requests/', 'certificates/', 'gate/', 'gate/invite', 'audit/', 'audit/?verify=whole'],
    ...['', '/approve', '/reject'].map(each => `requests/${waiting.id}${each}`),
    ...['', '/revoke', '/unhold'].map(each => `certificates/${serialNumber}${each}`),
    ...['end-sessions', 'remove'].map(each => `gate/nobody/${each}`),
  ].map(each => `/admin/${each}`)
  const gate = ['', 'login', 'logout', 'setup', 'setup/confirm'].map(each => `/_auth/${each}`)
  const collect = `/tlsauth/requests/${waiting.id}/collect`
  paths = ['/', '/whoami', ...ofApi, ...ofPages, ...decisions, ...own, ...admin, ...gate, collect]
})
afterAll(() => lab[Symbol.asyncDispose]())

it.each([{}, FROM_PAGE, { ...FROM_PAGE, 'Sec-Fetch-Site': 'cross-site' }])('with %j', async marks => {
  const before = await dumpOf(lab)
  for (const person of [NOBODY, lab.grace.headers, lab.admin.headers]) {
    for (const path of paths) {
      const { status } = await lab.get(path, { ...person, ...marks })
      expect([path, status < 500 || status === 503]).toEqual([path, true])
    }
  }
  // A challenge is no state: it is signed, and counts once it is spent.
  expect(await dumpOf(lab)).toBe(before)
})
