import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import {
  canInstall,
  currentSystem,
  installFromTrixie,
  installPackages,
  type System,
} from './debian-packages.ts'
import { lastLines, quietly } from './quietly.ts'
import { ScriptError } from './script-error.ts'

type Say = (line: string) => void

const DAEMON_LOG = '/var/log/gatehouse-dockerd.log'
// Our own choice: a daemon with many old containers needs some seconds, a broken one never comes.
const DAEMON_SECONDS = 60
/** The first engine with the Compose specification's networks and health waits that compose.yaml uses. */
const OLDEST_ENGINE = [20, 10] as const

/**
 * Makes `docker`, `docker compose` (v2) and `docker buildx` work, and changes nothing where they do.
 * On Debian and Ubuntu, as root, what lacks is installed from the distribution and the daemon started.
 * @throws ScriptError DOCKER_DENIED, DOCKER_MISSING, DOCKER_UNREACHABLE, DOCKER_OLD or DOCKER_START_FAILED
 */
export async function ensureDockerEngine({ say = console.log }: { say?: Say } = {}): Promise<void> {
  const system = await currentSystem()
  const state = await engineState()
  if (state.kind === 'denied') throw state.error
  if (state.kind === 'absent') await bringUpEngine(system, say)
  if (state.kind === 'running') refuseOldEngine(state.version)
  await ensurePlugins(system, say)
}

export type EngineState =
  | { kind: 'running'; version: string }
  | { kind: 'denied'; error: ScriptError }
  | { kind: 'absent' }

/** Asks the engine that the docker command is set up for; changes nothing. */
export async function engineState(): Promise<EngineState> {
  const answer = await quietly`docker version --format '{{.Server.Version}}'`
  if (answer.exitCode === 0) return { kind: 'running', version: answer.stdout.trim() }
  if (/permission denied/i.test(answer.stderr)) return { kind: 'denied', error: denied(answer.stderr.trim()) }
  return { kind: 'absent' }
}

function denied(detail: string): ScriptError {
  return new ScriptError(
    'DOCKER_DENIED',
    `Docker runs, but you may not use it. Run this command with sudo, or join its group and log in again:
  sudo usermod -aG docker "$USER"
Docker said: ${detail}`,
  )
}

function refuseOldEngine(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST_ENGINE[0] || (major === OLDEST_ENGINE[0] && minor >= OLDEST_ENGINE[1])) return
  throw new ScriptError(
    'DOCKER_OLD',
    `Docker Engine ${version} is too old: Gatehouse needs ${OLDEST_ENGINE.join('.')} or newer. Upgrade it and try again.`,
  )
}

async function bringUpEngine(system: System, say: Say): Promise<void> {
  if (process.env.DOCKER_HOST)
    throw new ScriptError(
      'DOCKER_UNREACHABLE',
      `No Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}. Start it, or unset DOCKER_HOST.`,
    )
  if (!(await isCommand('dockerd'))) await installEngine(system, say)
  else if (!system.root)
    throw new ScriptError(
      'DOCKER_UNREACHABLE',
      'Docker is installed but does not run. Start it with: sudo systemctl start docker',
    )
  await startDaemon(say)
}

async function installEngine(system: System, say: Say): Promise<void> {
  if (!canInstall(system)) throw missing('A running Docker engine')
  say('No Docker engine here: installing docker.io and iptables.')
  await installPackages(['docker.io', 'iptables', 'ca-certificates'])
  // From trixie on the command is a package of its own.
  if (!(await isCommand('docker'))) await installPackages(['docker-cli'])
}

/** Also looks where an ordinary user's PATH does not: Debian moved dockerd to /usr/sbin. */
async function isCommand(name: string): Promise<boolean> {
  const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`
  return (await quietly({ env: { ...process.env, PATH } })`command -v ${name}`).exitCode === 0
}

async function ensurePlugins(system: System, say: Say): Promise<void> {
  const plugins = { compose: 'docker-compose', buildx: 'docker-buildx' }
  const lacking: string[] = []
  for (const [command, name] of Object.entries(plugins))
    if ((await quietly`docker ${command} version`).exitCode !== 0) lacking.push(name)
  if (lacking.length === 0) return
  if (!canInstall(system)) throw missing(`Docker's plug-in ${lacking.join(' and ')}`)
  say(`Installing Docker's plug-ins: ${lacking.join(', ')}.`)
  if (system.id === 'ubuntu')
    await installPackages(lacking.map(name => (name === 'docker-compose' ? 'docker-compose-v2' : name)))
  else await installFromTrixie(lacking, system)
}

function missing(what: string): ScriptError {
  return new ScriptError(
    'DOCKER_MISSING',
    `${what} is missing, and only root on Debian or Ubuntu can have it installed by this script.
On Debian or Ubuntu type: sudo make up
Elsewhere install Docker Engine with Compose and buildx (https://docs.docker.com/engine/install/) and try again.`,
  )
}

async function startDaemon(say: Say): Promise<void> {
  if (existsSync('/run/systemd/system')) {
    await quietly`systemctl start docker`
    return daemonAnswers('journalctl -u docker')
  }
  // A package's start script may have been there first.
  if ((await engineState()).kind === 'running') return
  say(`Starting dockerd; its log is ${DAEMON_LOG}.`)
  const log = await open(DAEMON_LOG, 'a', 0o600)
  // Its own session and no pipe to us: it must outlive this script.
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log.fd, log.fd] })
  await log.close()
  daemon.unref()
  let alive = true
  const ended = () => {
    alive = false
  }
  daemon.once('exit', ended).once('error', ended)
  return daemonAnswers(DAEMON_LOG, () => alive)
}

/** Waits by asking the engine itself, until it answers, ends or has had its time. */
async function daemonAnswers(log: string, alive = () => true): Promise<void> {
  const deadline = Date.now() + DAEMON_SECONDS * 1000
  while (alive() && Date.now() < deadline) {
    if ((await quietly`docker info`).exitCode === 0) return
    await pause(200)
  }
  const why = alive() ? `did not answer "docker info" within ${DAEMON_SECONDS} s` : 'ended at once'
  const tail = await readFile(log, 'utf8').then(
    text => `:\n${lastLines(text)}`,
    () => '',
  )
  throw new ScriptError('DOCKER_START_FAILED', `The Docker daemon ${why}. See ${log}${tail}`)
}
