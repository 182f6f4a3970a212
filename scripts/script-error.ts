/**
 * A failure that a person can act on: the message says what was found and what to do next.
 * `code` is stable and meant for code and tests. `exitCode` is 2 for wrong usage, 1 for everything else.
 */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
  readonly code: string
  readonly exitCode: 1 | 2

  constructor(code: string, message: string, options: ErrorOptions & { exitCode?: 1 | 2 } = {}) {
    super(message, options)
    this.code = code
    this.exitCode = options.exitCode ?? 1
  }
}
