import { generatePassphrase } from '../../pki/passphrase.ts'

// Our own choice: a sheet of paper has room for more, and nobody needs them.
const RECOVERY_CODES = 10
// 100 bit: what guessing never finds needs no delay.
const GROUPS = 4

/** For a person to type, once. */
export function generateCode(): string {
  return generatePassphrase(GROUPS)
}

export function generateRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, generateCode)
}

/** What was typed -> what `generateCode` made: the alphabet has neither `o` nor `i` nor `l`, for which others are read. */
export function normalizeCode(typed: string): string {
  return typed.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1')
}

export type TypedCode = { readonly kind: 'totp' | 'recovery'; readonly code: string }

/** What is of neither form is a wrong one-time code. */
export function readCode(typed: string): TypedCode {
  const code = normalizeCode(typed)
  return { kind: code.length === GROUPS * 5 ? 'recovery' : 'totp', code }
}
