import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { CaughtMail, Mailbox } from './mailbox.ts'

const STYLESHEETS = [
  import.meta.resolve('@picocss/pico/css/pico.classless.min.css'),
  new URL('mail-catcher.css', import.meta.url),
]
const CSS = STYLESHEETS.map(source => readFileSync(fileURLToPath(source), 'utf8')).join('\n')

const eta = new Eta({
  views: fileURLToPath(new URL('views', import.meta.url)),
  cache: true,
  autoEscape: true,
})

const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': ["'self'"],
      'img-src': ['data:'],
      'form-action': ["'self'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
})

/** What was caught, for people and as JSON; what strangers wrote is shown as text and nothing else. */
export function createPages(mailbox: Mailbox): Express {
  const app = express()
  app.disable('etag')
  app.use(securityHeaders, refuseForeignName, refuseForeignPage)
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  app.get('/healthz', (_request, response) => void response.type('text/plain').send('ok\n'))
  app.get('/style.css', (_request, response) => void response.type('text/css').send(CSS))
  app.get('/', (_request, response) => {
    response.send(eta.render('./list', { title: 'Caught mails', mails: mailbox.list().map(describe) }))
  })
  app.get('/messages/:id', (request, response, next) => {
    const mail = mailbox.find(Number(request.params.id))
    if (mail) response.send(eta.render('./mail', { title: mail.subject, mail: describe(mail) }))
    else next()
  })
  app.get('/messages/:id/attachments/:index', (request, response, next) => {
    const mail = mailbox.find(Number(request.params.id))
    const attachment = mail?.attachments[Number(request.params.index)]
    if (!attachment) return next()
    // Its own media type could be one that a browser opens in the name of this page.
    response.attachment(attachment.filename).type('application/octet-stream').send(attachment.content)
  })
  app.get('/api/messages', (_request, response) => void response.json(mailbox.list().map(describe)))
  app.post('/delete', (_request, response) => {
    mailbox.clear()
    response.redirect(303, '/')
  })
  app.use(
    (_request, response) => void response.status(404).type('text/plain').send('There is nothing here.\n'),
  )
  app.use(answerError)
  return app
}

function describe(mail: CaughtMail) {
  return {
    id: mail.id,
    received_at: mail.receivedAt.toISOString(),
    from: mail.from,
    to: mail.to,
    subject: mail.subject,
    message_id: mail.messageId,
    text: mail.text,
    attachments: mail.attachments.map(({ filename, contentType, content }, index) => ({
      filename,
      content_type: contentType,
      size: content.length,
      url: `/messages/${mail.id}/attachments/${index}`,
    })),
  }
}

/** A page of another site could give its own name this machine's address, and read the mails as its own. */
const refuseForeignName: RequestHandler = (request, response, next) => {
  const name = (request.headers.host ?? '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  // A name without a dot is one of this machine or of a container network.
  if (isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost')) return next()
  response.status(421).type('text/plain').send('Ask for this page by address or as localhost.\n')
}

/** A page of another site could have the mails deleted. */
const refuseForeignPage: RequestHandler = (request, response, next) => {
  const { origin, 'sec-fetch-site': site = 'none' } = request.headers
  const isOwn = ['same-origin', 'none'].includes(String(site))
  const isOwnOrigin = origin === undefined || origin === `http://${request.headers.host}`
  if (['GET', 'HEAD'].includes(request.method) || (isOwn && isOwnOrigin)) return next()
  response.status(403).type('text/plain').send('Another site must not do this.\n')
}

const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error)
  const { status = 500 } = error as { status?: number }
  response
    .status(status)
    .type('text/plain')
    .send(status < 500 ? 'Bad request.\n' : 'Something went wrong here.\n')
}
