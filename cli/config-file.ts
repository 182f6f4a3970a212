import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CliError } from './errors.ts'
import type { Folders } from './folders.ts'
import { ensureFolder, replacePrivate } from './private-files.ts'

const PEM_IDENTITY = z.strictObject({ cert: z.string(), key: z.string() })
const PKCS12_IDENTITY = z.strictObject({ p12: z.string(), passphrase_file: z.string().optional() })
const CONFIG = z.strictObject({
  server: z.url({ protocol: /^https$/ }).optional(),
  ca: z.string().optional(),
  identity: z.union([PEM_IDENTITY, PKCS12_IDENTITY]).optional(),
})

/** Paths of a certificate and its key, or of both in a PKCS#12 file. */
export type IdentityFiles = z.infer<typeof PEM_IDENTITY> | z.infer<typeof PKCS12_IDENTITY>
/** What `gatehouse config` keeps; every path is absolute. */
export type Config = z.infer<typeof CONFIG>

export function configPath({ config }: Folders): string {
  return join(config, 'config.json')
}

function parse(path: string, text: string): Config {
  try {
    return CONFIG.parse(JSON.parse(text))
  } catch (cause) {
    throw new CliError(
      'CONFIG_INVALID',
      `${path} is not a configuration of this command. Put it right, or remove it and type: gatehouse config server URL.`,
      { cause },
    )
  }
}

/** @throws CliError CONFIG_INVALID */
export async function readConfig(folders: Folders): Promise<Config> {
  const path = configPath(folders)
  try {
    return parse(path, await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** What `change` does not name stays. */
export async function updateConfig(folders: Folders, change: Config): Promise<Config> {
  const config = { ...(await readConfig(folders)), ...change }
  await ensureFolder(folders.config)
  await replacePrivate(configPath(folders), `${JSON.stringify(config, null, 2)}\n`)
  return config
}
