import { z } from 'zod'

type ErrorOf = (issue: { readonly input?: unknown }) => string

/** What was got, what is taken, and what it is when left out. */
function sentence(name: string, takes: string, fallback?: string): ErrorOf {
  const absent = fallback === undefined ? 'there is no default' : `left out, it is ${fallback}`
  return ({ input }) =>
    `${name} ${input === undefined ? 'is missing' : `must not be ${JSON.stringify(input)}`}. It must be ${takes}; ${absent}.`
}

export function oneOf<const T extends readonly string[]>(name: string, values: T, fallback?: T[number]) {
  const takes = `one of ${values.join(', ')}`
  return z.enum(values, { error: sentence(name, takes, fallback && JSON.stringify(fallback)) })
}

export function text(
  name: string,
  takes: string,
  form: (value: string) => boolean = () => true,
  fallback?: string,
) {
  const error = sentence(name, takes, fallback)
  return z.string({ error }).refine(value => value !== '' && form(value), { error })
}

export function wholeNumber(
  name: string,
  takes: string,
  [least, most]: readonly [number, number],
  fallback: number,
) {
  const isOne = (value: string) => WHOLE.test(value) && Number(value) >= least && Number(value) <= most
  return text(name, `${takes}, a whole number from ${least} to ${most}`, isOne, String(fallback))
    .transform(Number)
    .optional()
}

const WHOLE = /^(0|[1-9]\d{0,8})$/
