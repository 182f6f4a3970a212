import request from 'supertest'
import type { ApiLab, Headers } from '../../api-lab.ts'
import { FROM_PAGE, formTokenOf, PAGE } from '../form-token-of.ts'

/** Pages of a lab as a browser asks for them, and their forms as it sends them. */
export function pagesOf(lab: ApiLab) {
  return {
    /** @param path may have a relative link at its end */
    async get(path: string, headers: Headers = lab.admin.headers) {
      const { pathname, search } = new URL(path, 'https://gatehouse.localhost')
      return await lab.get(`${pathname}${search}`, { ...headers, ...PAGE })
    },
    async post(path: string, form: object = {}, headers: Headers = lab.admin.headers) {
      const { csrf, cookie } = await formTokenOf(lab, headers)
      return await request(lab.app)
        .post(path)
        .set({ ...headers, ...FROM_PAGE, ...(cookie && { Cookie: cookie }) })
        .type('form')
        .send({ csrf, ...form })
    },
    /** From another page than ours. */
    postWithoutToken: async (path: string, form: object = {}) =>
      await request(lab.app)
        .post(path)
        .set({ ...lab.admin.headers, ...FROM_PAGE })
        .type('form')
        .send(form),
  }
}

/** The addresses that a page links to with this word, in its order. */
export function linksIn(html: string, word: string): readonly string[] {
  const links = [...html.matchAll(/<a href="([^"]*)"[^>]*>([^<]*)<\/a>/g)]
  return links.filter(([, , text]) => text === word).map(([, href = '']) => href.replaceAll('&amp;', '&'))
}
