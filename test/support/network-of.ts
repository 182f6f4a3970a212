import { demandSuccess, quietly } from '../../scripts/quietly.ts'

/** Before a command, these words let it run in the network of a container. */
export async function networkOf(container: string): Promise<readonly string[]> {
  const asked = await quietly`docker inspect --format ${'{{.State.Pid}}'} ${container}`
  demandSuccess(asked, 'COMMAND_FAILED', 'docker inspect')
  return ['nsenter', '--target', asked.stdout.trim(), '--net']
}
