import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileNameFor } from '../pki/common-name.ts'

/** The beginning of the names of somebody's files in a folder: `grace`, or `grace-hopper` when there is a grace. */
export async function freeBase(folder: string, commonName: string): Promise<string> {
  const taken = new Set((await readdir(folder)).map(file => file.split('.', 1)[0]))
  return join(
    folder,
    fileNameFor(commonName, name => taken.has(name)),
  )
}
