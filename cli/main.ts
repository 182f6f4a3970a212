import { join } from 'node:path'
import { EXIT } from './errors.ts'
import { runProgram } from './run-program.ts'

// `gatehouse pki list | head`: whoever reads has seen enough.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  process.exit(EXIT.ok)
})

const surroundings = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  checkoutCa: join(import.meta.dirname, '../keys/root.pem'),
  now: () => new Date(),
}

process.exitCode = await runProgram(surroundings, process.argv.slice(2))
