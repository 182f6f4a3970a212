import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StartedTestContainer, Wait } from 'testcontainers'
import { afterAll, beforeAll, inject } from 'vitest'
import { temporaryFolder } from './lab.ts'
import { HardenedContainer } from './stack.ts'

export interface Postgres extends AsyncDisposable {
  /** Of a user who may make databases. */
  readonly url: string
  readonly container: StartedTestContainer
}

/** A server of dockerfiles/postgres.Dockerfile whose data are in memory; nothing of it is left when it is disposed of. */
export async function startPostgres(): Promise<Postgres> {
  using folder = temporaryFolder()
  const password = randomBytes(16).toString('hex')
  const file = join(folder.path, 'password')
  // Another user reads it in the container; here the folder keeps others out.
  writeFileSync(file, password, { mode: 0o644 })
  const container = await new HardenedContainer(inject('images').postgres)
    .withUser('postgres')
    .withTmpFs({ '/data': 'rw', '/tmp': 'rw' })
    .withBindMounts([{ source: file, target: '/run/secrets/postgres-password', mode: 'ro' }])
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage('ready to accept connections'))
    .start()
  const url = `postgres://gatehouse:${password}@127.0.0.1:${container.getMappedPort(5432)}/postgres`
  return {
    url,
    container,
    async [Symbol.asyncDispose]() {
      await container.stop()
    },
  }
}

/** The same for all tests of a file: its URL, within tests only. */
export function usePostgres(): () => string {
  let postgres: Postgres | undefined
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(async () => {
    await postgres?.[Symbol.asyncDispose]()
  })
  return () => {
    if (!postgres) throw new Error('PostgreSQL runs within tests only.')
    return postgres.url
  }
}
