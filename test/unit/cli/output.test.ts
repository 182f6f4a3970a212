// Whatever a server says, the document stays the same JSON and the terminal what it was.
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { printDocument } from '../../../cli/output.ts'

it('prints JSON with the same meaning, in which nothing acts but the ends of lines', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const stdout = new PassThrough()
      printDocument({ isJson: true, isQuiet: false, stdout, stderr: stdout }, value)
      const printed = String(stdout.read())
      expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    }),
  )
})
