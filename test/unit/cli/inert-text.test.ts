// Whatever a server says, the JSON stays the same JSON and the terminal what it was.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inertJson, inertText } from '../../../cli/inert-text.ts'

const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

it('leaves nothing that acts in a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(inertText(text)).not.toMatch(HARMFUL)
    }),
  )
})

it('leaves JSON with the same meaning, and nothing that acts but the ends of lines', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const json = JSON.stringify(value, null, 2)
      expect(JSON.parse(inertJson(json))).toEqual(JSON.parse(json))
      expect(inertJson(json).replaceAll('\n', '')).not.toMatch(HARMFUL)
    }),
  )
})
