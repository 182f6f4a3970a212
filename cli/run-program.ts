import { CommanderError } from 'commander'
import { describeFailure, EXIT } from './errors.ts'
import { createInvocation, type Surroundings } from './invocation.ts'
import { printDocument, printFailure } from './output.ts'
import { createProgram } from './program.ts'

/** Help was asked for, or the usage is wrong, which commander has said already. */
function endParsing(surroundings: Surroundings, args: readonly string[], error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok
  if (args.includes('--json')) {
    const { output } = createInvocation(surroundings, { json: true })
    printDocument(output, { error: { code: 'USAGE', detail: error.message } })
  }
  return EXIT.usage
}

/**
 * Does what the arguments say.
 * @returns the exit code
 * @throws whatever is not an expected failure: a defect of ours
 */
export async function runProgram(surroundings: Surroundings, args: readonly string[]): Promise<number> {
  const program = createProgram(surroundings)
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return endParsing(surroundings, args, error)
    const failure = describeFailure(error)
    if (!failure) throw error
    printFailure(createInvocation(surroundings, program.opts()).output, failure)
    return EXIT[failure.ending]
  }
}
