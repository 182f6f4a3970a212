import { createServer } from 'node:net'
import { lastLines, quietly } from './quietly.ts'
import { ScriptError } from './script-error.ts'

/** A port of this machine that a service of compose.yaml is published on. */
export interface PublishedPort {
  service: string
  /** The address of this machine, `127.0.0.1` in our own file. */
  host: string
  port: number
}

interface ComposeConfig {
  services: Record<string, { ports?: ReadonlyArray<{ published?: string; host_ip?: string }> }>
}

interface ComposeContainer {
  Service: string
  State: string
  Health: string
  ExitCode: number
  Publishers: ReadonlyArray<{ PublishedPort: number }> | null
}

/**
 * Every published port, in the order of compose.yaml, as Compose itself understands that file and .env.
 * @throws ScriptError COMPOSE_INVALID
 */
export async function publishedPorts(): Promise<PublishedPort[]> {
  const output = await quietly`docker compose config --format json`
  if (output.exitCode !== 0)
    throw new ScriptError(
      'COMPOSE_INVALID',
      `Docker Compose refuses its configuration:\n${lastLines(output.stderr)}`,
    )
  const config = JSON.parse(output.stdout) as ComposeConfig
  return Object.entries(config.services)
    .flatMap(([service, { ports = [] }]) =>
      ports.map(({ published, host_ip }) => ({
        service,
        host: host_ip ?? '0.0.0.0',
        port: Number(published),
      })),
    )
    .filter(({ port }) => port > 0)
    .sort((one, other) => one.port - other.port)
}

/**
 * Looks for a port that another program holds; our own running containers do not count.
 * @throws ScriptError PORT_IN_USE
 */
export async function refusePortsInUse(ports: readonly PublishedPort[]): Promise<void> {
  const own = new Set(
    (await containers()).flatMap(({ Publishers }) => Publishers ?? []).map(p => p.PublishedPort),
  )
  for (const { host, port, service } of ports)
    if (!own.has(port) && (await inUse(host, port)))
      throw new ScriptError(
        'PORT_IN_USE',
        `Port ${port} on ${host}, which ${service} needs, is in use by another program. ` +
          `Find it with "ss -ltnp sport = :${port}", stop it, and try again.`,
      )
}

/** For each container that is not running and healthy: its state and the end of its log, to be shown. */
export async function troubles(): Promise<string[]> {
  const bad = (await containers()).filter(
    ({ State, Health }) => State !== 'running' || (Health !== '' && Health !== 'healthy'),
  )
  return Promise.all(
    bad.map(async ({ Service, State, Health, ExitCode }) => {
      const { stdout, stderr } = await quietly`docker compose logs --no-color --tail 12 ${Service}`
      const state = State === 'exited' ? `ended with exit code ${ExitCode}` : `is ${Health || State}`
      const log = lastLines(stdout + stderr)
      return `${Service} ${state}. ${log ? `Its last lines:\n${log}` : 'It logged nothing.'}`
    }),
  )
}

/** Compose before 2.21 writes one array, newer ones a line for each container. */
async function containers(): Promise<ComposeContainer[]> {
  const { stdout } = await quietly`docker compose ps --all --format json`
  const text = stdout.trim()
  if (text.startsWith('[')) return JSON.parse(text) as ComposeContainer[]
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as ComposeContainer)
}

/** Tried by listening there for a moment, which no option of a tool can answer more surely. */
function inUse(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(true) : reject(error),
    )
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)))
  })
}
