/**
 * The one catch of an entry point: what went wrong, in words, and the exit code: 2 for wrong usage, 1 for failure.
 * An error without a code of its own is a defect of ours, so its stack is shown as well.
 */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    const { code, isUsage } = error as { code?: unknown; isUsage?: unknown }
    const expected = error instanceof Error && typeof code === 'string'
    console.error(expected ? error.message : error)
    // The second is what node:util's parseArgs throws for an option that is not known.
    process.exitCode = isUsage === true || String(code).startsWith('ERR_PARSE_ARGS_') ? 2 : 1
  }
}
