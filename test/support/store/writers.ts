import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { StorePlace } from './place.ts'

/** A process of its own on the same store: see writer.ts. */
export class Writer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterableIterator<string>
  readonly #errors: Promise<string>
  readonly #exit: Promise<unknown[]>

  constructor(place: StorePlace, task: string, ...words: readonly string[]) {
    const program = join(import.meta.dirname, 'writer.ts')
    const child = spawn(process.execPath, [program, place.url, task, ...words], { stdio: 'pipe' })
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    this.#errors = text(child.stderr)
    this.#exit = once(child, 'exit')
  }

  async isOpen(): Promise<void> {
    const { value } = await this.#lines.next()
    if (value !== 'open') throw new Error(`The writer has not opened the store: ${await this.#errors}`)
  }

  start(): void {
    this.#child.stdin?.write('go\n')
  }

  /** What it says from here on, and then its end, which must be a good one. */
  async rest(): Promise<string[]> {
    const said = await all(this.#lines)
    const [code] = await this.#exit
    if (code !== 0) throw new Error(`The writer ended with ${code}: ${await this.#errors}`)
    return said
  }

  /** The next so many things that it says. */
  async hear(lines: number): Promise<string[]> {
    const said: string[] = []
    while (said.length < lines) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(`The writer ended by itself: ${await this.#errors}`)
      said.push(value)
    }
    return said
  }

  /** Kills it without a chance to clear up after so many lines; all that it had said by then. */
  async killAfter(lines: number): Promise<string[]> {
    const said = await this.hear(lines)
    this.#child.kill('SIGKILL')
    said.push(...(await all(this.#lines)))
    await this.#exit
    return said
  }
}

/** All at once, after all have opened the store; what each has said. */
export async function runAtOnce(writers: readonly Writer[]): Promise<string[][]> {
  for (const writer of writers) await writer.isOpen()
  for (const writer of writers) writer.start()
  return Promise.all(writers.map(writer => writer.rest()))
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}
