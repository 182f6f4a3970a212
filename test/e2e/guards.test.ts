// A guard lets in through every front exactly those whom it names, and nobody can register to be one of them.
import { describe, expect, it } from 'vitest'
import { ask, type ClientKeys, person } from '../support/ask.ts'
import { call, openPkcs12, prove } from '../support/enrol.ts'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'
import { GRACE, makeOwn, pemOf } from '../unit/app/lab.ts'

const ADMINS = '/tlsauth/test/admins/'
const GATEHOUSE = '/tlsauth/test/gatehouse/'

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  async function elsewhere(): Promise<ClientKeys> {
    const body = { common_name: `Ada of ${front.name}`, organisation: 'Elsewhere' }
    return openPkcs12((await call(stack(), '/pki/issue', { as: person('admin'), body })).json)
  }

  /** Status and code at the administrators' page, and at that of the organisation. */
  async function outcomes(as?: ClientKeys) {
    const answers = [await call(stack(), ADMINS, { as }), await call(stack(), GATEHOUSE, { as })]
    return answers.map(({ status, json }) => `${status} ${json.code}`)
  }

  it('refuses nobody, a self-signed certificate of the same names, and another organisation', async () => {
    expect(await outcomes()).toEqual(['401 CERT_MISSING', '401 CERT_MISSING'])
    expect(await outcomes(pemOf(await makeOwn(GRACE)))).toEqual(['403 LEVEL_TOO_LOW', '403 LEVEL_TOO_LOW'])
    expect(await outcomes(await elsewhere())).toEqual(['403 LEVEL_TOO_LOW', '403 ORGANISATION_WRONG'])
  })

  it('lets in the organisation to its page, and administrators to theirs', async () => {
    const admin = person('admin')
    expect(await ask(stack(), { as: person('grace'), path: GATEHOUSE })).toMatchObject({
      status: 200,
      body: 'Hello Grace Hopper! This is for Gatehouse only.\n',
    })
    expect(await ask(stack(), { as: admin, path: ADMINS })).toMatchObject({
      status: 200,
      body: 'Hello Administrator! This is for CA admins only.\n',
    })
    expect((await ask(stack(), { as: person('grace'), path: ADMINS })).status).toBe(403)
    expect((await ask(stack(), { as: admin, path: GATEHOUSE })).status).toBe(403)
    const page = await ask(stack(), { as: admin, path: ADMINS, headers: [['Accept', 'text/html']] })
    expect(page.body).toContain('<h1>Hello Administrator!</h1>')
  })

  it.each(['Gatehouse', 'gatehouse', 'CA admins'])(
    'gives "%s" to nobody who registers',
    async organisation => {
      const body = { ...(await prove(stack())), common_name: 'Eve', organisation }
      expect(await call(stack(), '/register', { body })).toMatchObject({
        status: 403,
        json: { code: 'ORGANISATION_RESERVED' },
      })
    },
  )
})
