import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PLAN } from './enrolment.ts'
import { CliError } from './errors.ts'
import type { Folders } from './folders.ts'
import { ensureFolder, replacePrivate } from './private-files.ts'

const PENDING = z.strictObject({
  id: z.string(),
  server: z.string(),
  common_name: z.string(),
  requested_at: z.string(),
  /** Make it the identity of later commands when it is there. */
  configure: z.boolean(),
  plan: PLAN,
})
/** A registration that an administrator has to decide on, as it is remembered here. */
export type PendingRequest = z.infer<typeof PENDING>

function folderOf({ state }: Folders): string {
  return join(state, 'requests')
}

export async function rememberRequest(folders: Folders, pending: PendingRequest): Promise<void> {
  await ensureFolder(folders.state)
  await ensureFolder(folderOf(folders))
  await replacePrivate(join(folderOf(folders), `${pending.id}.json`), `${JSON.stringify(pending, null, 2)}\n`)
}

export async function forgetRequest(folders: Folders, id: string): Promise<void> {
  await rm(join(folderOf(folders), `${id}.json`), { force: true })
}

async function readPending(path: string): Promise<PendingRequest> {
  try {
    return PENDING.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new CliError(
      'CONFIG_INVALID',
      `${path} is not a request that this command remembered. Remove it.`,
      { cause },
    )
  }
}

async function listRequests(folders: Folders): Promise<readonly PendingRequest[]> {
  const folder = folderOf(folders)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const names = (await readdir(folder)).filter(name => name.endsWith('.json')).sort()
  return await Promise.all(names.map(name => readPending(join(folder, name))))
}

/**
 * The one of that id, or the only one there is.
 * @throws CliError REQUEST_UNKNOWN, USAGE when there are several
 */
export async function recallRequest(folders: Folders, id: string | undefined): Promise<PendingRequest> {
  const all = await listRequests(folders)
  const [found, other] = id === undefined ? all : all.filter(request => request.id === id)
  if (!found) {
    const which =
      id === undefined ? 'No registration is' : `No registration with the id ${JSON.stringify(id)} is`
    throw new CliError(
      'REQUEST_UNKNOWN',
      `${which} under way here. To begin one: gatehouse register --name NAME.`,
    )
  }
  if (!other) return found
  const ids = all.map(request => `${request.id} (${request.common_name})`).join(', ')
  throw new CliError('USAGE', `Several registrations are under way: say which one, --resume ID: ${ids}.`)
}
