import { $ } from 'zx'
import { containerOwner } from '../../scripts/compose-env.ts'
import type { ProxyName } from './trial.ts'

const CHECKS: Readonly<Record<ProxyName, readonly string[]>> = {
  apache: ['apache2', '-t', '-d', '/etc/gatehouse', '-f', 'httpd.conf'],
  nginx: ['nginx', '-t', '-c', '/etc/gatehouse/nginx.conf'],
  haproxy: ['haproxy', '-c', '-f', '/etc/gatehouse/haproxy.cfg'],
}

/** A server as the tests start it. */
export interface Setting {
  readonly proxy: ProxyName
  readonly image: string
  readonly keys: string
  readonly configuration: string
}

/** Whether the server itself finds its files good, with the same rights and keys as in the tests. */
export async function acceptsConfiguration({ proxy, image, keys, configuration }: Setting): Promise<boolean> {
  const { uid, gid } = containerOwner()
  const secrets = {
    'server.crt': 'server.crt',
    'server.key': 'server.key',
    'client-ca.pem': 'client-ca.pem',
    'private/proxy-secret': 'proxy-secret',
  }
  const mounts = Object.entries(secrets).map(([from, to]) => `${keys}/${from}:/run/secrets/${to}:ro`)
  const volumes = [...mounts, `${configuration}:/etc/gatehouse:ro`].flatMap(mount => ['--volume', mount])
  // nginx and HAProxy look their upstream up when they read the file.
  const options = ['--read-only', '--tmpfs', '/tmp', '--user', `${uid}:${gid}`, '--add-host', 'app:127.0.0.1']
  const docker = $({ nothrow: true, quiet: true })
  const check = await docker`docker run --rm ${options} ${volumes} ${image} ${CHECKS[proxy]}`
  // 125 and more are Docker's own words for not having got that far.
  if ((check.exitCode ?? 125) >= 125) throw new Error(`The check did not run: ${check.stderr}`)
  return check.exitCode === 0
}
