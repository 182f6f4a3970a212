/**
 * A failure that a person can act on: the message says what was found and what to do next.
 * `code` is stable and meant for code and tests.
 */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
