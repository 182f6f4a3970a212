import type { Request } from 'express'
import type { z } from 'zod'
import type { Caller } from '../../authority/caller.ts'
import { AppError } from '../../errors.ts'
import { isAtLeast } from '../../identity/levels.ts'
import { keptFileName } from '../../pastes/file-name.ts'
import type { SeenPaste } from '../../pastes/find-paste.ts'
import { keptMediaType } from '../../pastes/media-type.ts'
import { type PasteWish, termsOf } from '../../pastes/terms.ts'
import { assertFormToken, FORM_TOKEN_FIELD } from '../form-tokens.ts'
import { pastePage, pastesPage } from '../paste-pages.ts'
import { announcedOctets, readUpload } from '../read-upload.ts'
import { sendContent } from '../send-content.ts'
import { wantsPage } from '../wants-page.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { parse } from './parse-input.ts'
import { PasteJson, PasteListJson, PasteListQuery, PasteQuery, pasteJson } from './paste-schemas.ts'
import { type Reply, type Route, route } from './route.ts'

const isAdmin = ({ identity }: Caller): boolean => isAtLeast(identity.level, 'admin')

function wishOf({ expires_in, burn, private: isPrivate }: z.infer<typeof PasteQuery>): PasteWish {
  return { expiresIn: expires_in, isBurning: burn, isPrivate }
}

/** Pastes: what the levels are shown by. Relative addresses, because a proxy may offer all of this below a prefix. */
export function pasteRoutes({ pastebin, now }: ApiDependencies): readonly Route[] {
  const readErrors = ['PASTE_UNKNOWN', 'PASTE_EXPIRED', 'PASTE_BURNT'] as const
  const jsonOf = (seen: SeenPaste, caller: Caller) => pasteJson(seen, isAdmin(caller))

  async function create(caller: Caller, request: Request): Promise<SeenPaste> {
    assertPlain(request)
    const sentType = keptMediaType(request.headers['content-type'])
    const receive = await pastebin.admit(caller, announcedOctets(request))
    const upload = await readUpload(request, receive)
    await using received = upload.received
    const { [FORM_TOKEN_FIELD]: token, ...fields } = upload.fields
    assertFormToken(request, token)
    const wish = parse(PasteQuery, { ...request.query, ...fields }, 'form')
    return await pastebin.keep(caller, received, {
      terms: termsOf(caller, wishOf(wish), now()),
      mediaType: upload.mediaType === undefined ? sentType : keptMediaType(upload.mediaType),
      fileName: keptFileName(wish.name || upload.fileName),
    })
  }

  async function remove(caller: Caller, request: Request, id: string): Promise<Reply> {
    const json = jsonOf(await pastebin.remove(caller, id), caller)
    return wantsPage(request) ? seeOther('../../pastes') : { json }
  }

  return [
    route({
      method: 'post',
      path: '/pastes',
      summary: 'Make a paste: of the body, or of a form with a file or a text',
      level: 'anonymous',
      isUpload: true,
      query: PasteQuery,
      answers: { 201: { description: 'The paste', schema: PasteJson } },
      errors: ['EXPIRY_INVALID', 'OWNER_MISSING', 'PASTE_EMPTY', 'PASTE_TOO_LARGE', 'STORAGE_FULL'],
      async handle({ caller, query, request }) {
        // Said before anything is sent, where it can be.
        termsOf(caller, wishOf(query), now())
        const seen = await create(caller, request)
        const place = `pastes/${seen.row.id}`
        if (wantsPage(request)) return seeOther(place)
        return { status: 201, headers: { Location: place }, json: jsonOf(seen, caller) }
      },
    }),
    route({
      method: 'get',
      path: '/pastes',
      summary: 'List pastes, newest first: your own, or for administrators all',
      level: 'untrusted',
      isPageForAll: true,
      query: PasteListQuery,
      answers: { 200: { description: 'One page', schema: PasteListJson, types: ['text/html'] } },
      errors: [],
      async handle({ caller, query: { all: isAll, limit, after } }) {
        if (isAll && !isAdmin(caller)) {
          throw new AppError(
            'LEVEL_TOO_LOW',
            "Everybody's pastes are for administrators. Leave out `all` for your own.",
          )
        }
        const found = await pastebin.list(caller, { isAll, limit: limit + 1, ...(after && { after }) })
        const page = found.slice(0, limit)
        const next = found.length > limit ? (page.at(-1)?.row.id ?? null) : null
        return {
          json: { pastes: page.map(seen => jsonOf(seen, caller)), next },
          page: pastesPage(caller, { isAll, page, next }),
        }
      },
    }),
    route({
      method: 'get',
      path: '/pastes/{id}',
      summary: 'What is known of a paste; never its end, also if it is for one reader',
      level: 'anonymous',
      answers: { 200: { description: 'The paste', schema: PasteJson, types: ['text/html'] } },
      errors: readErrors,
      async handle({ params, caller, request }) {
        const seen = await pastebin.find(caller, params.id ?? '')
        const json = jsonOf(seen, caller)
        if (!wantsPage(request)) return { json }
        return { json, page: await pastePage(pastebin, seen, seen.isOwn || isAdmin(caller)) }
      },
    }),
    route({
      method: 'get',
      path: '/pastes/{id}/raw',
      summary: 'The content; of what burns, for the first who asks',
      level: 'anonymous',
      answers: { 200: { description: 'As an attachment', types: ['*/*'] } },
      errors: [...readErrors, 'PASTE_NOT_YOURS', 'RANGE_INVALID'],
      async handle({ params, caller, request }) {
        const { row, isOwn } = await pastebin.find(caller, params.id ?? '')
        if (row.isPrivate && !isOwn) {
          throw new AppError('PASTE_NOT_YOURS', 'This paste is for its owner to read. You may delete it.')
        }
        return { respond: response => sendContent(pastebin, { caller, row, request, response }) }
      },
    }),
    route({
      method: 'delete',
      path: '/pastes/{id}',
      summary: 'Delete a paste: your own, or for administrators any',
      level: 'untrusted',
      answers: { 200: { description: 'As it was', schema: PasteJson } },
      errors: ['PASTE_UNKNOWN', 'PASTE_NOT_YOURS', 'CROSS_SITE'],
      handle: ({ params, caller, request }) => remove(caller, request, params.id ?? ''),
    }),
    route({
      method: 'post',
      path: '/pastes/{id}/delete',
      summary: 'The same for forms, which know no DELETE',
      level: 'untrusted',
      answers: { 200: { description: 'As it was', schema: PasteJson } },
      errors: ['PASTE_UNKNOWN', 'PASTE_NOT_YOURS', 'CROSS_SITE'],
      handle: ({ params, caller, request }) => remove(caller, request, params.id ?? ''),
    }),
  ]
}

function seeOther(place: string): Reply {
  return { status: 303, headers: { Location: place }, type: 'text/plain', octets: '' }
}

/** A content that is kept as it comes would be given back without the encoding that it needs. */
function assertPlain({ headers }: Request): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() === 'identity') return
  throw new AppError(
    'MEDIA_TYPE_UNSUPPORTED',
    `Content-Encoding must not be ${JSON.stringify(encoding.slice(0, 40))}. Send the paste without one.`,
  )
}
