import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { type FileHandle, open, opendir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError } from '../errors.ts'
import { isAbandoned, nothingThere, UNFINISHED, unfinishedName } from './unfinished-name.ts'

/** A content that is on the disk and has no name yet; without one, it goes when it is disposed of. */
export interface Received extends AsyncDisposable {
  readonly path: string
  /** Upper-case hex. */
  readonly sha256: string
  readonly size: number
}

/** Contents as files, each under its SHA-256. What is put there and what is removed is for a transaction to say. */
export interface ContentFolder {
  readonly path: string
  /**
   * Writes what comes to the disk.
   * @param most octets, above which `tooLarge` is thrown
   */
  receive(body: AsyncIterable<Uint8Array>, most: number, tooLarge: () => AppError): Promise<Received>
  /** Gives it its name for good. */
  put(received: Received): Promise<void>
  open(sha256: string): Promise<FileHandle>
  has(sha256: string): Promise<boolean>
  remove(sha256: string): Promise<void>
  /** What is there, some at a time. */
  contents(): AsyncIterable<readonly string[]>
  /** Removes what processes that are no more have left unfinished. */
  removeUnfinished(now: Date): Promise<void>
}

const CONTENT = /^[0-9A-F]{64}$/
const PAGE = 500

/** @throws AppError CONFIG_INVALID */
export function openContentFolder(dir: string): ContentFolder {
  const folder = resolve(dir)
  makeFolder(folder)
  const at = (name: string) => join(folder, name)
  /** Names of what this process writes at the moment. */
  const unfinished = new Set<string>()
  return {
    path: folder,
    async receive(body, most, tooLarge) {
      const name = unfinishedName()
      unfinished.add(name)
      const written = write(at(name), body, most, tooLarge)
      const dispose = async () => {
        await rm(at(name), { force: true })
        unfinished.delete(name)
      }
      const received = await written.catch(async error => {
        await dispose()
        throw error
      })
      return { ...received, [Symbol.asyncDispose]: dispose }
    },
    async put({ path, sha256 }) {
      await storing(async () => {
        await rename(path, at(sha256))
        await using itself = await open(folder, 'r')
        await itself.sync()
      })
    },
    open: sha256 => open(at(sha256), 'r'),
    has: async sha256 => (await stat(at(sha256)).catch(nothingThere)) !== undefined,
    remove: sha256 => rm(at(sha256), { force: true }),
    contents: () => pagesOf(namesIn(folder, CONTENT)),
    async removeUnfinished(now) {
      for await (const name of namesIn(folder, UNFINISHED)) {
        if (!unfinished.has(name) && (await isAbandoned(at(name), now))) await rm(at(name), { force: true })
      }
    },
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('CONFIG_INVALID', `the folder ${path} cannot be made (${code})`, { cause: error })
  }
}

async function write(
  path: string,
  body: AsyncIterable<Uint8Array>,
  most: number,
  tooLarge: () => AppError,
): Promise<Omit<Received, keyof AsyncDisposable>> {
  await using file = await storing(() => open(path, 'wx', 0o600))
  const digest = createHash('sha256')
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > most) throw tooLarge()
    digest.update(chunk)
    await storing(() => file.writeFile(chunk))
  }
  await storing(() => file.sync())
  return { path, sha256: digest.digest('hex').toUpperCase(), size }
}

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT'])

/** @throws AppError STORAGE_FULL, STORE_UNAVAILABLE for what the system says no to */
async function storing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (FULL.has(code)) {
      throw new AppError('STORAGE_FULL', 'The disk is full. Nothing was kept; try again later.', { cause })
    }
    const why = `The paste cannot be written (${code}). Nothing was kept; try again later.`
    throw new AppError('STORE_UNAVAILABLE', why, { cause })
  }
}

async function* namesIn(folder: string, form: RegExp): AsyncGenerator<string> {
  for await (const { name } of await opendir(folder)) if (form.test(name)) yield name
}

async function* pagesOf(names: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let page: string[] = []
  for await (const name of names) {
    page.push(name)
    if (page.length < PAGE) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
