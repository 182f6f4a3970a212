// Promise: no name, whatever is in it, moves a cursor, turns the writing direction or hides.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inertJson, inertText } from '../../../app/inert.ts'

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

it.each([
  ['Grace\r\nX-Admin: yes', 'Grace\uFFFD\uFFFDX-Admin: yes'],
  ['\u001b[31mred\u0007', '\uFFFD[31mred\uFFFD'],
  ['\u009b31m', '\uFFFD31m'],
  ['\u202egnp.exe', '\uFFFDgnp.exe'],
  ['Gra\u200bce', 'Gra\uFFFDce'],
  [' Grace ', '\uFFFDGrace\uFFFD'],
  ['\ud800', '\uFFFD'],
  ["Zoë 李小龍 O'Brien", "Zoë 李小龍 O'Brien"],
])('shows %j as %j', (name, shown) => {
  expect(inertText(name)).toBe(shown)
})

it('leaves nothing harmful in a text, and loses nothing of JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(inertText(text)).not.toMatch(HARMFUL)
      const json = inertJson(JSON.stringify({ text }))
      expect(json).not.toMatch(HARMFUL)
      expect(JSON.parse(json)).toEqual({ text })
    }),
  )
})
