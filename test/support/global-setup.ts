import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GenericContainer } from 'testcontainers'
import type { TestProject } from 'vitest/node'
import { $ } from 'zx'
import { ensureKeySet } from '../../pki/key-set.ts'
import { ensureBaseImages } from '../../scripts/base-images.ts'
import { containerOwner } from '../../scripts/compose-env.ts'
import { ensureDockerEngine } from '../../scripts/docker-engine.ts'
import { localImages } from '../../scripts/local-base-images.ts'
import { IMAGE_NAMES, type ImageName } from './images.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A whole key set, as `make generate-keys` makes it. */
    keys: string
    nodeImage: string
    /** Names of this run's own: two runs at once must not take each other's images away. */
    images: Readonly<Record<ImageName, string>>
  }
}

/** Once for all end-to-end files: a key set, and the images built from the Dockerfiles that people use. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensureDockerEngine()
  const base = await ensureBaseImages()
  // Ryuk, which clears up after testcontainers, is an image that only a registry has.
  if (base.debian === localImages.debian) process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'))
  const keys = join(folder, 'keys')
  await ensureKeySet({ dir: keys, owner: containerOwner(), now: () => new Date() })
  const run = randomBytes(4).toString('hex')
  const images = Object.fromEntries(
    IMAGE_NAMES.map(name => [name, `gatehouse-test/${name}:${run}`]),
  ) as Record<ImageName, string>
  for (const name of IMAGE_NAMES) {
    await GenericContainer.fromDockerfile('.', `dockerfiles/${name}.Dockerfile`)
      .withBuildArgs({ DEBIAN_IMAGE: base.debian, NODE_IMAGE: base.node })
      .withBuildkit()
      .build(images[name], { deleteOnExit: false })
  }
  project.provide('keys', keys)
  project.provide('nodeImage', base.node)
  project.provide('images', images)
  return async () => {
    await $({ quiet: true })`docker image rm --force ${Object.values(images)}`
    await rm(folder, { recursive: true, force: true })
  }
}
