import { setComposeEnv } from './compose-env.ts'
import { canInstall, currentSystem } from './debian-packages.ts'
import { localImages, localImagesPresent, makeLocalImages } from './local-base-images.ts'
import { quietly } from './quietly.ts'
import { ScriptError } from './script-error.ts'

/** What the Dockerfiles take as their build arguments GATEHOUSE_DEBIAN_IMAGE and GATEHOUSE_NODE_IMAGE. */
export interface BaseImages {
  debian: string
  node: string
}

const PUBLIC_IMAGES: BaseImages = {
  debian: 'debian:trixie-slim',
  node: 'node:24-trixie-slim',
}

// Our own choice: two slim images take seconds on an ordinary line.
const PULL_SECONDS = 120

/**
 * Finds, pulls or makes the two base images and records their names in the Compose environment,
 * so that `docker compose` builds from the same ones afterwards.
 * @throws ScriptError BASE_IMAGES_MISSING where they can neither be pulled nor made, PACKAGES_FAILED, IMAGE_FAILED
 */
export async function ensureBaseImages({
  say = console.log,
  envFile = '.env',
}: {
  say?: (line: string) => void
  envFile?: string
} = {}): Promise<BaseImages> {
  const images = await chooseImages(say)
  await record(images, envFile)
  return images
}

/** For whoever types `docker compose up` in a new checkout: images that were made here before are found again. */
export async function recordPresentImages(envFile: string): Promise<void> {
  if (!(await present(PUBLIC_IMAGES)) && (await present(localImages))) await record(localImages, envFile)
}

async function record({ debian, node }: BaseImages, envFile: string): Promise<void> {
  await setComposeEnv({ GATEHOUSE_DEBIAN_IMAGE: debian, GATEHOUSE_NODE_IMAGE: node }, envFile)
}

async function chooseImages(say: (line: string) => void): Promise<BaseImages> {
  if (await present(PUBLIC_IMAGES)) return PUBLIC_IMAGES
  if (await localImagesPresent()) return localImages
  const refusal = await pull(PUBLIC_IMAGES, say)
  if (refusal === undefined) return PUBLIC_IMAGES
  say(`The base images cannot be pulled (${refusal}): making them from Debian and npm packages instead.`)
  if (!canInstall(await currentSystem()))
    throw new ScriptError(
      'BASE_IMAGES_MISSING',
      `${PUBLIC_IMAGES.debian} and ${PUBLIC_IMAGES.node} cannot be pulled (${refusal}),
and only root on Debian or Ubuntu can make them. Connect to a registry, or type: sudo make up`,
    )
  await makeLocalImages(say)
  return localImages
}

async function present(images: BaseImages): Promise<boolean> {
  const found = await quietly`docker image inspect ${images.debian} ${images.node}`
  return found.exitCode === 0
}

/** The answer is the reason why not, or nothing when all is there. */
async function pull(images: BaseImages, say: (line: string) => void): Promise<string | undefined> {
  for (const image of [images.debian, images.node]) {
    say(`Pulling ${image} (waiting at most ${PULL_SECONDS} s).`)
    const answer = await quietly`docker pull --quiet ${image}`.timeout(`${PULL_SECONDS}s`)
    if (answer.signal) return `no answer within ${PULL_SECONDS} s`
    if (answer.exitCode !== 0) return answer.stderr.trim().split('\n').at(-1) ?? ''
  }
  return undefined
}
