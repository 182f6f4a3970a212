// Promise: after a login nobody goes anywhere but to a path of this site.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localPath } from '../../../../../app/web/gate/local-path.ts'

describe('stays', () => {
  it.each([
    ['/', '/'],
    ['/internal/', '/internal/'],
    [
      '/internal/a?b=1&c=%2F%2Fx&d=https://evil.example/#e',
      '/internal/a?b=1&c=%2F%2Fx&d=https://evil.example/#e',
    ],
    ['/internal/100%', '/internal/100%'],
    ['/internal/100%25', '/internal/100%25'],
    ['/internal/?text=a%0Ab', '/internal/?text=a%0Ab'],
    ['/internal//two', '/internal//two'],
    ['/internal/é ☃', '/internal/%C3%A9%20%E2%98%83'],
    ['/internal/@evil.example', '/internal/@evil.example'],
    ['/internal/../other', '/other'],
    ['/a:b@c', '/a:b@c'],
    ['/?//evil.example', '/?//evil.example'],
  ])('%j', (wish, expected) => {
    expect(localPath(wish)).toBe(expected)
  })
})

describe('becomes /', () => {
  it.each([
    [undefined],
    [''],
    [['/internal/', '/internal/']],
    [{ a: '/internal/' }],
    ['internal/'],
    ['//evil.example'],
    ['///evil.example'],
    ['/\\evil.example'],
    ['\\evil.example'],
    ['\\\\evil.example'],
    ['/internal\\..\\..\\evil'],
    ['https:evil.example'],
    ['https://evil.example/'],
    ['https:/evil.example'],
    ['javascript:alert(1)'],
    ['data:text/html,x'],
    [' /internal/'],
    ['\t//evil.example'],
    ['/\t/evil.example'],
    ['/\n/evil.example'],
    ['/internal/\r\nSet-Cookie: x=y'],
    ['/internal/%0d%0aSet-Cookie:%20x=y'],
    ['/internal/%250d%250aSet-Cookie:%20x=y'],
    ['/%09/evil.example'],
    ['/%2f%2fevil.example'],
    ['/%2Fevil.example'],
    ['/%252fevil.example'],
    ['/%5cevil.example'],
    ['/%255cevil.example'],
    ['/.//evil.example'],
    ['/..//evil.example'],
    ['/a/..//evil.example'],
    ['/%2e%2e//evil.example'],
    ['/%2e/%2fevil.example'],
    ['/internal/\u0000'],
    ['/internal/\u0085'],
    [`/${'a'.repeat(2048)}`],
  ])('%j', wish => {
    expect(localPath(wish)).toBe('/')
  })
})

it('whatever is wished: as a browser resolves it, it is of this site', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '%2e',
    '%25',
    ':',
    '@',
    '?',
    '#',
    '\t',
    'evil.example',
    'https:',
    'a',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece).map(pieces => `/${pieces.join('')}`),
        fc.string(),
      ),
      wish => {
        const target = localPath(wish)
        for (const base of [
          'https://gatehouse.localhost:8443/_auth/login',
          'https://gatehouse.localhost:8443/app/_auth/login',
        ]) {
          const url = new URL(target, base)
          expect(url.origin).toBe('https://gatehouse.localhost:8443')
        }
        expect(target).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
      },
    ),
    { numRuns: 2_000 },
  )
})
