import type { Readable } from 'node:stream'
import type { GenericContainer, StartedTestContainer } from 'testcontainers'
import { quietly } from '../../scripts/quietly.ts'
import { LogBook } from './log-book.ts'

/** A running container of a stack; its port is exposed on 127.0.0.1. */
export class Part {
  readonly log = new LogBook()
  readonly #inside: number
  #container: StartedTestContainer | undefined
  #port = 0

  constructor(inside: number) {
    this.#inside = inside
  }

  async start(definition: GenericContainer): Promise<void> {
    const consume = (stream: Readable) => this.log.read(stream)
    this.#container = await definition.withExposedPorts(this.#inside).withLogConsumer(consume).start()
    this.#port = this.#container.getMappedPort(this.#inside)
  }

  /** Docker chooses another one at each start. */
  get port(): number {
    return this.#port
  }

  get id(): string {
    return this.#started().getId()
  }

  /** Stopped as an operator does it, and started again after `meanwhile`; what it then prints comes into the same book. */
  async restart(meanwhile: () => unknown = () => undefined): Promise<void> {
    await quietly`docker stop ${this.id}`
    await meanwhile()
    const since = Date.now() / 1000
    await quietly`docker start ${this.id}`
    const { stdout } = await quietly`docker port ${this.id} ${this.#inside}`
    this.#port = Number(
      stdout
        .match(/127\.0\.0\.1:(\d+)|0\.0\.0\.0:(\d+)/)
        ?.slice(1)
        .find(Boolean),
    )
    this.log.read(await this.#started().logs({ since }))
  }

  async stop(): Promise<void> {
    await this.#container?.stop()
  }

  #started(): StartedTestContainer {
    if (!this.#container) throw new Error('The container has not been started.')
    return this.#container
  }
}
