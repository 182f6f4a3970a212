import { $, type ProcessOutput } from 'zx'
import { ScriptError } from './script-error.ts'

/** Runs a command without input, output or exception: the caller looks at the exit code. */
export const quietly = $({ nothrow: true, quiet: true, stdio: ['ignore', 'pipe', 'pipe'] })

/** @throws ScriptError with `code`, naming `what` failed and the end of what it said */
export function demandSuccess(output: ProcessOutput, code: string, what: string): void {
  if (output.exitCode === 0) return
  const said = `${output.stdout}\n${output.stderr}`
  throw new ScriptError(code, `${what} failed (exit code ${output.exitCode}):\n${lastLines(said)}`)
}

export function lastLines(text: string, count = 12): string {
  return text.trim().split('\n').slice(-count).join('\n')
}
