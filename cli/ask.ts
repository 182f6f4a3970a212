import { createInterface } from 'node:readline/promises'
import type { Screen } from './output.ts'
import type { Keyboard } from './read-passphrase.ts'

/** Asks a person at a terminal; the question is not part of the output. */
export async function ask(
  { stdin, stderr }: { stdin: Keyboard; stderr: Screen },
  question: string,
): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return await lines.question(question)
  } finally {
    lines.close()
  }
}
