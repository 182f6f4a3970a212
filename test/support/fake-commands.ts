import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder of stand-ins for commands of the machine, to be put first in PATH; each notes how it was called.
 * For what a test must not do to the machine it runs on, such as installing a package.
 */
export class FakeCommands implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<FakeCommands> {
    return new FakeCommands(await mkdtemp(join(tmpdir(), 'gatehouse-commands-')))
  }

  /** PATH with these commands before all others. */
  get path(): string {
    return `${this.folder}:${process.env.PATH}`
  }

  /** `body` is a shell script; its `$*` are the words that the command was called with. */
  async add(name: string, body: string): Promise<void> {
    const text = `#!/bin/sh\necho "${name} $*" >> "${this.folder}/calls"\n${body}\n`
    await writeFile(join(this.folder, name), text, { mode: 0o755 })
  }

  async calls(): Promise<string[]> {
    const text = await readFile(join(this.folder, 'calls'), 'utf8').catch(() => '')
    return text.split('\n').filter(line => line !== '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
