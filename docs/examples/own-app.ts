import { readFileSync } from 'node:fs'
import express from 'express'
import passport from 'passport'
import { identityOf } from '../../app/identity/identification.ts'
import { requireIdentity } from '../../app/identity/require-identity.ts'
import { clientCertificateStrategy } from '../../app/identity/strategy.ts'

passport.use(
  clientCertificateStrategy({
    front: 'proxy',
    clientCa: readFileSync('keys/client-ca.pem'),
    proxySecrets: [readFileSync('keys/private/proxy-secret', 'utf8')],
    level: 'anonymous',
    audit: event => console.log(JSON.stringify(event)),
  }),
)

const app = express()
app.use(passport.authenticate('client-certificate', { session: false }))

app.get('/', (request, response) => {
  response.set('Cache-Control', 'no-store').send(`You are ${identityOf(request).level} here.\n`)
})

app.get('/reports', requireIdentity({ organisation: 'Gatehouse' }), (request, response) => {
  response.set('Cache-Control', 'no-store').send(`Reports for ${identityOf(request).name}\n`)
})

app.get('/admin', requireIdentity({ level: 'admin' }), (_request, response) => {
  response.set('Cache-Control', 'no-store').send('For administrators\n')
})

const SITE = 'https://gatehouse.example.org/'

app.get(
  '/board',
  requireIdentity({
    organisation: 'Board',
    otherwise: (_request, response, _next, why) => {
      const links = why.next.includes('enrol') ? `Register at ${SITE}tlsauth/register/\n` : ''
      response.status(why.status).type('text').send(`${why.detail} (${why.code})\n${links}`)
    },
  }),
  (_request, response) => {
    response.set('Cache-Control', 'no-store').send('For the board\n')
  },
)

app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('{"event":"LISTENING"}'))
