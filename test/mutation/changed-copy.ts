import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Mutant } from './mutants.ts'
import type { Target } from './targets.ts'

/** A copy of a target's files, in which one at a time is another. */
export class ChangedCopy implements AsyncDisposable {
  readonly folder: string
  /** What the tests mount: the folder, or its only file. */
  readonly mounted: string

  private constructor(folder: string, mounted: string) {
    this.folder = folder
    this.mounted = mounted
  }

  static async make({ folder, files, variable }: Target): Promise<ChangedCopy> {
    const copy = await mkdtemp(join(tmpdir(), 'gatehouse-mutation-'))
    // The server's user reads it; mkdtemp's folders are for their owner only.
    await chmod(copy, 0o755)
    for (const file of files) await cp(join(folder, file), join(copy, file))
    const isFile = variable === 'GATEHOUSE_TEST_ENTRYPOINT'
    return new ChangedCopy(copy, isFile ? join(copy, files[0] ?? '') : copy)
  }

  async with<Result>({ file, content }: Mutant, work: () => Promise<Result>): Promise<Result> {
    const place = join(this.folder, basename(file))
    const original = await readFile(place)
    await writeFile(place, content)
    try {
      return await work()
    } finally {
      await writeFile(place, original)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
