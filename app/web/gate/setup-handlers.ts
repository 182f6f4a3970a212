import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { inertName } from '../../../pki/inert-text.ts'
import { AppError } from '../../errors.ts'
import type { GateMeans } from '../../gate-means.ts'
import { isAtLeast } from '../../identity/levels.ts'
import { parse } from '../api/parse-input.ts'
import { send } from '../api/send.ts'
import { wantsPage } from '../wants-page.ts'
import { setGateCookie } from './gate-cookie.ts'
import { callerIn, type GateOptions, sendPage } from './gate-options.ts'
import { offerJson, offerPage, setUpJson } from './gate-replies.ts'

const text = (most: number) => z.string().min(1).max(most)
const SetupForm = z
  .strictObject({ invitation: text(64).optional(), user: text(256).optional() })
  .refine(({ invitation, user }) => invitation === undefined || user === undefined, {
    error: 'an invitation says for whom it is: leave "user" out',
  })
const ConfirmForm = z.strictObject({ setup: text(64), code: text(64) })

const HELP = `Ask for a secret, put it into an app that shows one-time codes (TOTP), and send one of its codes.

  curl -d invitation=INVITATION URL                 or with a client certificate: curl --cert ... -d '' URL
  curl -d setup=SETUP -d code=123456 URL/confirm
`

export function setupHandlers({ gate, now }: GateOptions) {
  const isTaken = (means: GateMeans) => gate.rules.setup.includes(means)

  const show: RequestHandler = (request, response) => {
    const { name, level } = callerIn(request).identity
    const isCertified = isTaken('certificate') && name !== null && isAtLeast(level, 'trusted')
    if (wantsPage(request)) {
      return sendPage(request, response, 'gate-setup', {
        title: 'Set up',
        name: isCertified ? inertName(name) : undefined,
        isCertificateTaken: isTaken('certificate'),
        isInvitationTaken: isTaken('invitation'),
        isAnybodyTaken: isTaken('anybody'),
      })
    }
    const help = HELP.replaceAll('URL', `https://${request.headers.host}/_auth/setup`)
    response.type('text/plain').send(help)
  }

  const begin: RequestHandler = async (request, response) => {
    const offer = await gate.beginSetup(callerIn(request), parse(SetupForm, request.body ?? {}, 'form'))
    if (wantsPage(request)) sendPage(request, response, 'gate-setup-code', offerPage(offer))
    else send(response, { status: 201, json: offerJson(offer) })
  }

  const confirm: RequestHandler = async (request, response) => {
    const proof = parse(ConfirmForm, request.body ?? {}, 'form')
    try {
      const { entry, recoveryCodes } = await gate.confirmSetup(callerIn(request), proof)
      setGateCookie(response, entry, now())
      const { name: user } = entry.session
      if (!wantsPage(request)) send(response, { status: 201, json: setUpJson(entry, recoveryCodes) })
      else sendPage(request, response, 'gate-setup-done', { title: 'Set up', user, recoveryCodes })
    } catch (error) {
      const isWrongCode = error instanceof AppError && error.code === 'GATE_CODE_WRONG'
      if (!isWrongCode || !wantsPage(request)) throw error
      await showAgain(request, response, proof.setup, error)
    }
  }

  async function showAgain(
    request: Request,
    response: Response,
    setup: string,
    error: AppError,
  ): Promise<void> {
    const offer = await gate.repeatOffer(setup)
    response.status(error.status)
    sendPage(request, response, 'gate-setup-code', offerPage(offer, error.message))
  }

  return { show, begin, confirm }
}
