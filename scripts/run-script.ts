/**
 * The one catch of an entry point: what went wrong, in words, and the exit code: 2 for wrong usage, 1 for failure.
 * An error without a code of its own is a defect of ours, so its stack is shown as well.
 */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    const expected = error instanceof Error && 'code' in error && typeof error.code === 'string'
    console.error(expected ? error.message : error)
    process.exitCode = isUsage(error) ? 2 : 1
  }
}

/** By shape, because each layer has its own class; `ERR_PARSE_ARGS_…` is node:util's, for an unknown option. */
function isUsage(error: unknown): boolean {
  const { code, exitCode, isUsage } = Object(error) as {
    code?: unknown
    exitCode?: unknown
    isUsage?: unknown
  }
  return isUsage === true || exitCode === 2 || String(code).startsWith('ERR_PARSE_ARGS_')
}
