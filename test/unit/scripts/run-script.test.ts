// Promise: an entry point ends with one sentence and exit code 2 for wrong usage, 1 for failure.
import { parseArgs } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PkiError } from '../../../pki/errors.ts'
import { runScript } from '../../../scripts/run-script.ts'
import { ScriptError } from '../../../scripts/script-error.ts'

describe('runScript', () => {
  const said = vi.spyOn(console, 'error')
  beforeEach(() => {
    said.mockReset().mockImplementation(() => {})
  })
  afterEach(() => {
    process.exitCode = undefined
  })

  it.each([
    [1, 'a failure', () => Promise.reject(new ScriptError('PORT_IN_USE', 'Port 8441 is in use.'))],
    [1, 'a failure of the authority', () => Promise.reject(new PkiError('KEYS_MISSING', 'No keys.'))],
    [2, 'a wrong value', () => Promise.reject(new PkiError('DAYS_INVALID', 'Not a number of days.'))],
    [2, 'a wrong option', () => Promise.reject(new ScriptError('OPTION_INVALID', 'No.', { exitCode: 2 }))],
    [2, 'an unknown option', async () => void parseArgs({ args: ['--frce'], options: {} })],
  ])('ends with %i after %s, and says no more than its message', async (exitCode, _, main) => {
    await runScript(main)
    expect(process.exitCode).toBe(exitCode)
    expect(said.mock.calls).toEqual([[expect.any(String)]])
  })

  it('shows the stack of a defect', async () => {
    const defect = new TypeError('undefined is not a function')
    await runScript(() => Promise.reject(defect))
    expect(process.exitCode).toBe(1)
    expect(said.mock.calls).toEqual([[defect]])
  })

  it('says nothing when all went well', async () => {
    await runScript(async () => {})
    expect(process.exitCode).toBeUndefined()
    expect(said).not.toHaveBeenCalled()
  })
})
