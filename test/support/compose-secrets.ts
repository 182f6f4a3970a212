import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { $, glob } from 'zx'

const PUBLIC = /\.(crt|pem)$/
const PRIVATE_KEY = '^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----$'
const quiet = $({ quiet: true, nothrow: true })

/** Of each secret file of a key set: a piece that stands nowhere else by chance. Latin1. */
export async function secretsIn(keys: string): Promise<Readonly<Record<string, string>>> {
  const files = await glob('**/*', { cwd: keys })
  const secrets = files.filter(file => !PUBLIC.test(file)).toSorted()
  return Object.fromEntries(
    await Promise.all(
      secrets.map(async file => [file, telltale(await readFile(join(keys, file), 'latin1'))]),
    ),
  )
}

/** The first line of base64 begins like that of every other key. */
function telltale(content: string): string {
  const lines = content.split('\n')
  const own = content.startsWith('-----BEGIN ') ? lines.slice(2, -2) : lines
  return own.reduce((one, other) => (other.length > one.length ? other : one)).slice(-48)
}

/** Which of the texts, or of whole lines that open a private key, stand in any layer or description of the images. */
export async function findInImages(
  images: readonly string[],
  texts: readonly string[],
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-layers-'))
  try {
    const layers = join(folder, 'layers')
    const wanted = join(folder, 'wanted')
    await mkdir(layers)
    // In a file and never an argument: these are secrets.
    await writeFile(wanted, `${texts.join('\n')}\n`, { mode: 0o600, encoding: 'latin1' })
    await $({ quiet: true })`docker save ${images} | tar -x -C ${layers}`
    const parts = await readdir(layers, { recursive: true, withFileTypes: true })
    const found = new Set<string>()
    for (const part of parts.filter(entry => entry.isFile()))
      for (const line of await search(join(part.parentPath, part.name), wanted)) found.add(line)
    return [...found]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function search(file: string, wanted: string): Promise<readonly string[]> {
  const unpack = (await isGzip(file)) ? 'gzip -dc' : 'cat'
  const bytes = { env: { ...process.env, LC_ALL: 'C' }, quiet: true, nothrow: true }
  const outputs = await Promise.all([
    $(bytes)`${unpack.split(' ')} ${file} | grep -aoFf ${wanted}`,
    $(bytes)`${unpack.split(' ')} ${file} | grep -aoE -e ${PRIVATE_KEY}`,
  ])
  const failed = outputs.find(({ exitCode }) => exitCode !== 0 && exitCode !== 1)
  if (failed) throw new Error(`Cannot search ${basename(file)}: ${failed.stderr}`)
  return outputs.flatMap(output => output.buffer().toString('latin1').split('\n')).filter(Boolean)
}

/** The classic image store saves layers as they are, containerd's as they came from a registry. */
async function isGzip(file: string): Promise<boolean> {
  await using handle = await open(file)
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return buffer.readUInt16BE() === 0x1f8b
}

/** What the engine tells whoever may ask it: environment, arguments, labels, mounts. */
export async function inspect<Details>(...names: readonly string[]): Promise<readonly Details[]> {
  const { stdout } = await quiet`docker inspect ${names}`
  return JSON.parse(stdout) as Details[]
}
