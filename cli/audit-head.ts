import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CHAIN_START, type ChainHead } from '../pki/hash-chain.ts'
import { CliError } from './errors.ts'
import type { Folders } from './folders.ts'
import { ensureFolder, replacePrivate } from './private-files.ts'

const HEAD = z.strictObject({
  server: z.string(),
  sequence: z.int().min(0),
  hash: z.string().regex(/^[0-9A-F]{64}$/),
})

function pathOf({ state }: Folders, server: string): string {
  return join(state, `audit-${hash('sha256', server, 'hex').slice(0, 16)}.json`)
}

/** Where the chain of a server ended when it was verified last. */
export async function readHead(folders: Folders, server: string): Promise<ChainHead> {
  const path = pathOf(folders, server)
  try {
    return HEAD.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return CHAIN_START
    throw new CliError(
      'CONFIG_INVALID',
      `${path} does not hold what the last verification remembered. Without it nobody notices a rewritten trail: find out why, then remove it.`,
      { cause },
    )
  }
}

export async function rememberHead(
  folders: Folders,
  server: string,
  { sequence, hash }: ChainHead,
): Promise<void> {
  await ensureFolder(folders.state)
  await replacePrivate(pathOf(folders, server), `${JSON.stringify({ server, sequence, hash })}\n`)
}
