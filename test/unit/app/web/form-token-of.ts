import request from 'supertest'
import type { ApiLab, Headers } from '../api-lab.ts'

export const PAGE = { Accept: 'text/html,application/xhtml+xml' }
/** What a browser adds to a form of this site. */
export const FROM_PAGE = { ...PAGE, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' }

export interface ShownForm {
  readonly csrf: string
  /** That a browser without certificate and login keeps. */
  readonly cookie: string | undefined
}

/** What is in the forms of the pages that somebody sees. */
export async function formTokenOf(
  { app }: Pick<ApiLab, 'app'>,
  headers: Headers,
  path = '/pastes',
): Promise<ShownForm> {
  const { text, headers: answer } = await request(app).get(path).set(headers).set(PAGE)
  const csrf = text.match(/name="csrf" value="([\w-]{43})"/)?.[1]
  if (csrf === undefined) throw new Error(`There is no token in the page ${path}.`)
  const cookies = [answer['set-cookie'] ?? []].flat()
  return { csrf, cookie: cookies.find(each => each.startsWith('__Host-gatehouse-visitor='))?.split(';')[0] }
}
