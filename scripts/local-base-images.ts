import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianMirror } from './apt-sources.ts'
import { makeDebianRoot } from './debian-root.ts'
import { demandSuccess, quietly } from './quietly.ts'
import { ScriptError } from './script-error.ts'

/** Names of our own: a local image must never be mistaken for the public one. */
export const localImages = {
  debian: 'gatehouse/debian:trixie-slim',
  node: 'gatehouse/node:24-trixie-slim',
}

const LABEL = 'gatehouse.recipe'
/** Raised by hand when what is made here changes. */
const RECIPE = 2
const NPM = 'npm@11'
const HOST_CAS = '/etc/ssl/certs/ca-certificates.crt'

/** Whether both images exist and are what this checkout would make on this machine now. */
export async function localImagesPresent(): Promise<boolean> {
  const wanted = await recipe()
  const format = `{{index .Config.Labels "${LABEL}"}}`
  const found =
    await quietly`docker image inspect --format ${format} ${localImages.debian} ${localImages.node}`
  return found.exitCode === 0 && found.stdout.trim() === `${wanted}\n${wanted}`
}

/**
 * Makes both images from packages alone, for networks without an image registry.
 * @throws ScriptError PACKAGES_FAILED or IMAGE_FAILED
 */
export async function makeLocalImages(say: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-image-'))
  try {
    const label = `LABEL ${LABEL}=${await recipe()}`
    const root = await makeDebianRoot({ folder, hostCas: HOST_CAS, say })
    say(`Importing ${localImages.debian}.`)
    demandSuccess(
      await quietly`tar --numeric-owner -C ${root} -c . | docker import --change 'CMD ["bash"]' --change ${label} - ${localImages.debian}`,
      'IMAGE_FAILED',
      `docker import ${localImages.debian}`,
    )
    await makeNodeImage(join(folder, 'node'), label, say)
    // What these replace has lost its name; whatever is built on it keeps it.
    await quietly`docker image prune --force --filter label=${LABEL}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function makeNodeImage(context: string, label: string, say: (line: string) => void): Promise<void> {
  say(`Making ${localImages.node} from the npm packages of Node ${await nodeVersion()} and npm.`)
  const files = join(context, 'files')
  await mkdir(join(files, 'bin'), { recursive: true })
  await mkdir(join(files, 'etc'))
  await mkdir(join(files, 'lib/node_modules/npm'), { recursive: true })
  await copyFile(nodePackage('bin/node'), join(files, 'bin/node'))
  await chmod(join(files, 'bin/node'), 0o755)
  await writeFile(join(files, 'etc/npmrc'), await registryLine())
  demandSuccess(
    await quietly`npm pack --silent --pack-destination ${context} ${NPM} && tar -xzf ${context}/npm-*.tgz -C ${files}/lib/node_modules/npm --strip-components=1 --no-same-owner`,
    'IMAGE_FAILED',
    `npm pack ${NPM}`,
  )
  await writeFile(join(context, 'Dockerfile'), nodeDockerfile(await nodeVersion(), label))
  demandSuccess(
    await quietly`docker build --quiet --tag ${localImages.node} ${context}`,
    'IMAGE_FAILED',
    `docker build ${localImages.node}`,
  )
}

/** The same paths and the same user as the public image, so that Dockerfiles cannot tell the difference. */
function nodeDockerfile(version: string, label: string): string {
  return `FROM ${localImages.debian}
${label}
ENV NODE_VERSION=${version} NODE_EXTRA_CA_CERTS=${HOST_CAS}
COPY files/ /usr/local/
RUN groupadd --gid 1000 node \\
 && useradd --uid 1000 --gid node --shell /bin/bash --create-home node \\
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \\
 && node --version && npm --version
CMD ["node"]
`
}

/** Only the registry's address: whatever token the machine has stays out of the image. */
async function registryLine(): Promise<string> {
  const registry = (await quietly`npm config get registry`).stdout.trim()
  return /^https?:\/\/(?!registry\.npmjs\.org\/?$)[^\s@]+$/.test(registry) ? `registry=${registry}\n` : ''
}

/** One value for everything that goes into the images; the month makes them take up security updates. */
async function recipe(): Promise<string> {
  const parts = [
    RECIPE,
    NPM,
    await nodeVersion(),
    process.arch,
    await debianMirror(),
    await registryLine(),
    await readFile(HOST_CAS, 'utf8').catch(() => ''),
    new Date().toISOString().slice(0, 7),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

async function nodeVersion(): Promise<string> {
  const text = await readFile(nodePackage('package.json'), 'utf8').catch(() => {
    throw new ScriptError(
      'IMAGE_FAILED',
      `The npm package node-linux-${process.arch}, which holds Node for the image, is not installed. Type: make install`,
    )
  })
  return (JSON.parse(text) as { version: string }).version
}

/** package.json pins Node in optionalDependencies; what npm installed from there goes into the image. */
function nodePackage(path: string): string {
  return join(import.meta.dirname, `../node_modules/node-linux-${process.arch}`, path)
}
