import { $ } from 'zx'
import { containerOwner } from '../../scripts/compose-env.ts'
import type { ImageName } from '../support/images.ts'
import type { Target } from './targets.ts'

// Ends with 0 as soon as the server listens, and otherwise when it ends or has had its time.
const LISTENS = `
entrypoint.sh "$@" &
for _ in {1..50}; do
  (exec 3<> /dev/tcp/127.0.0.1/8443) 2> /dev/null && exit 0
  kill -0 $! 2> /dev/null || exit 1
  sleep 0.1
done
exit 1`

const SECRETS = {
  'server.crt': 'server.crt',
  'server.key': 'server.key',
  'client-ca.pem': 'client-ca.pem',
  'private/proxy-secret': 'proxy-secret',
}

/** Servers as the tests start them. */
export interface Setting {
  readonly target: Target
  readonly images: Readonly<Record<ImageName, string>>
  readonly keys: string
  /** The changed files in the containers' place for them. */
  readonly volume: string
}

/** Whether the servers start with their files, with the same rights and keys as in the tests. */
export async function acceptsFiles({ target, images, keys, volume }: Setting): Promise<boolean> {
  const { uid, gid } = containerOwner()
  const secrets = Object.entries(SECRETS).map(([from, to]) => `${keys}/${from}:/run/secrets/${to}:ro`)
  const volumes = [...secrets, volume].flatMap(mount => ['--volume', mount])
  // nginx and HAProxy look their upstream up when they read the file.
  const alone = ['--network', 'none', '--add-host', 'app:127.0.0.1']
  const options = [...alone, '--read-only', '--tmpfs', '/tmp', '--user', `${uid}:${gid}`]
  const docker = $({ nothrow: true, quiet: true })
  for (const proxy of target.proxies) {
    const { stdout } = await docker`docker image inspect --format ${'{{json .Config.Cmd}}'} ${images[proxy]}`
    const words = ['bash', images[proxy], '-c', LISTENS, 'entrypoint.sh', ...(JSON.parse(stdout) as string[])]
    const check = await docker`docker run --rm ${options} ${volumes} --entrypoint ${words}`
    // Docker's own word for not having got that far.
    if (check.exitCode === 125) throw new Error(`The check did not run: ${check.stderr}`)
    if (check.exitCode !== 0) return false
  }
  return true
}
