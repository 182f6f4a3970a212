import { AppError } from '../errors.ts'
import type { Received } from '../pastes/content-folder.ts'

/** A paste as it came, and how its sender calls it; its content goes with the request unless it is kept. */
export interface Upload {
  readonly received: Received
  readonly mediaType: string | undefined
  readonly fileName: string | undefined
  /** What else a form has. */
  readonly fields: Readonly<Record<string, string>>
}

export function brokenOff(cause: unknown): AppError {
  return new AppError('REQUEST_INVALID', 'The connection ended before the paste. Nothing was kept.', {
    cause,
  })
}
