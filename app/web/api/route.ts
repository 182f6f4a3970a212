import type { Request, Response } from 'express'
import type { z } from 'zod'
import type { PkiErrorCode } from '../../../pki/errors.ts'
import type { Caller } from '../../authority/caller.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Level } from '../../identity/levels.ts'
import type { Page } from '../views.ts'

export interface Call<Body, Query> {
  readonly body: Body
  readonly query: Query
  /** Of the path, by the names in its braces. */
  readonly params: Readonly<Record<string, string>>
  readonly caller: Caller
  readonly request: Request
}

/** JSON and perhaps the same as a page for browsers; octets of some media type, likewise; or what writes the answer itself. */
export type Reply = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
} & (
  | { readonly json: unknown; readonly page?: Page }
  | { readonly type: string; readonly octets: string | Uint8Array; readonly page?: Page }
  | { readonly respond: (response: Response) => Promise<void> }
)

export interface Answer {
  readonly description: string
  readonly schema?: z.ZodType
  /** Other media types, by content negotiation. */
  readonly types?: readonly string[]
}

export interface RouteDescription {
  readonly method: 'get' | 'post' | 'delete'
  /** As OpenAPI writes it: `/pki/certs/{serial}`. */
  readonly path: string
  readonly summary: string
  /** The lowest level that may call it. */
  readonly level: Level
  /** For whom it is, when a level does not say it. */
  readonly audience?: string
  /** Whether browsers get its page at any level: what the page offers is for more than those who may call it. */
  readonly isPageForAll?: boolean
  /** Whether a call counts as an attempt to enrol, of which an address has few. */
  readonly isEnrolment?: boolean
  readonly body?: z.ZodType
  /** The media type of a body that is octets; they are then in `request.body`. */
  readonly octets?: string
  /** Whether the body is a paste, which the handler reads itself; of these an address may send few. */
  readonly isUpload?: boolean
  /** Whether the last part of the path may have slashes in it. */
  readonly takesRest?: boolean
  readonly query?: z.ZodType
  readonly answers: Readonly<Record<number, Answer>>
  readonly errors: readonly (ErrorCode | PkiErrorCode)[]
}

/** One row of the API: what is validated, what is documented and what is done are the same object. */
export interface Route extends RouteDescription {
  handle(call: Call<unknown, unknown>): Promise<Reply>
}

type Typed<Body extends z.ZodType, Query extends z.ZodType> = Omit<Route, 'handle'> & {
  readonly body?: Body
  readonly query?: Query
  handle(call: Call<z.infer<Body>, z.infer<Query>>): Promise<Reply>
}

/** A route whose handler knows the types of its schemas. */
export function route<Body extends z.ZodType, Query extends z.ZodType>(typed: Typed<Body, Query>): Route {
  return typed as Route
}
