import { $ } from 'zx'
import { containerOwner } from '../../scripts/compose-env.ts'
import type { ImageName } from '../support/images.ts'
import type { ProxyName, Target } from './targets.ts'

const CHECKS: Readonly<Record<ProxyName, readonly string[]>> = {
  apache: ['apache2', '-t', '-d', '/etc/gatehouse', '-f', 'httpd.conf'],
  nginx: ['nginx', '-t', '-c', '/etc/gatehouse/nginx.conf'],
  haproxy: ['haproxy', '-c', '-f', '/etc/gatehouse/haproxy.cfg'],
}

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

/** Whether the servers themselves find their files good, with the same rights and keys as in the tests. */
export async function acceptsFiles({ target, images, keys, volume }: Setting): Promise<boolean> {
  const { uid, gid } = containerOwner()
  const secrets = Object.entries(SECRETS).map(([from, to]) => `${keys}/${from}:/run/secrets/${to}:ro`)
  const volumes = [...secrets, volume].flatMap(mount => ['--volume', mount])
  // nginx and HAProxy look their upstream up when they read the file.
  const options = ['--read-only', '--tmpfs', '/tmp', '--user', `${uid}:${gid}`, '--add-host', 'app:127.0.0.1']
  const docker = $({ nothrow: true, quiet: true })
  for (const proxy of target.proxies) {
    const check = await docker`docker run --rm ${options} ${volumes} ${images[proxy]} ${CHECKS[proxy]}`
    // Docker's own word for not having got that far.
    if (check.exitCode === 125) throw new Error(`The check did not run: ${check.stderr}`)
    if (check.exitCode !== 0) return false
  }
  return true
}
