// Promise: no foreign text, whatever is in it, moves a cursor, turns the writing direction or hides, and JSON stays the same JSON.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inertJson, inertName, inertText } from '../../../pki/inert-text.ts'

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u

it.each([
  ['Grace\r\nX-Admin: yes', 'Grace\uFFFD\uFFFDX-Admin: yes'],
  ['\u001b[31mred\u0007', '\uFFFD[31mred\uFFFD'],
  ['\u009b31m', '\uFFFD31m'],
  ['\u202egnp.exe', '\uFFFDgnp.exe'],
  ['Gra\u200bce', 'Gra\uFFFDce'],
  [' Grace ', '\uFFFDGrace\uFFFD'],
  ['\u00a0\u3000Grace', '\uFFFD\uFFFDGrace'],
  ['\ud800', '\uFFFD'],
  ['\ue000\u0378', '\uFFFD\uFFFD'],
  ["Zoë 李小龍 O'Brien", "Zoë 李小龍 O'Brien"],
])('shows the name %j as %j', (name, shown) => {
  expect(inertName(name)).toBe(shown)
})

it('leaves a line its indentation', () => {
  expect(inertText('  Grace ')).toBe('  Grace ')
})

it('leaves nothing harmful in a text or name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(inertText(text)).not.toMatch(HARMFUL)
      expect(inertName(text)).not.toMatch(/^\s|\s$|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u)
    }),
  )
})

it('leaves nothing harmful in a line of JSON, and loses nothing of it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const json = JSON.stringify(value)
      expect(inertJson(json)).not.toMatch(HARMFUL)
      expect(JSON.parse(inertJson(json))).toEqual(JSON.parse(json))
    }),
  )
})
