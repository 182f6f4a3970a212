// Promise: an engine that works is used as it is; one that does not is refused with what to do, or installed.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ensureDockerEngine } from '../../../scripts/docker-engine.ts'
import { FakeCommands } from '../../support/fake-commands.ts'

const SOCKET = 'unix:///var/run/docker.sock'

describe('ensureDockerEngine', () => {
  let commands: FakeCommands
  beforeEach(async () => {
    commands = await FakeCommands.make()
    vi.stubEnv('PATH', commands.path)
    vi.stubEnv('DOCKER_HOST', undefined)
    for (const name of ['apt-get', 'dpkg', 'dockerd', 'systemctl']) await commands.add(name, 'exit 1')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
    await commands[Symbol.asyncDispose]()
  })

  const ensure = () => ensureDockerEngine({ say: () => {} })

  it.each(['20.10.24+dfsg1', '28.2.2', '29.0.0-rc.1'])('uses engine %s and asks, no more', async version => {
    await commands.add('docker', `[ "$1" = version ] && echo ${version}; exit 0`)
    await ensure()
    expect(await commands.calls()).toEqual([
      'docker version --format {{.Server.Version}}',
      'docker compose version',
      'docker buildx version',
    ])
  })

  it.each(['19.03.15', '20.9.9', '1.13.1'])('refuses engine %s', async version => {
    await commands.add('docker', `echo ${version}`)
    await expect(ensure()).rejects.toMatchObject({ code: 'DOCKER_OLD' })
  })

  it('says how to get the right to use it', async () => {
    await commands.add(
      'docker',
      `echo "permission denied while trying to connect to the Docker daemon socket at ${SOCKET}" >&2; exit 1`,
    )
    await expect(ensure()).rejects.toMatchObject({
      code: 'DOCKER_DENIED',
      message: expect.stringContaining('usermod -aG docker'),
    })
  })

  it('does not install an engine here when DOCKER_HOST names one elsewhere', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://192.0.2.1:2376')
    await commands.add('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    await expect(ensure()).rejects.toMatchObject({
      code: 'DOCKER_UNREACHABLE',
      message: expect.stringContaining('DOCKER_HOST=tcp://192.0.2.1:2376'),
    })
    expect(await commands.calls()).not.toContainEqual(expect.stringContaining('apt-get'))
  })

  it('leaves an ordinary user with the command to type', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(1000)
    await commands.add('docker', '[ "$1" = version ] && echo 28.2.2')
    await expect(ensure()).rejects.toMatchObject({
      code: 'DOCKER_MISSING',
      message: expect.stringContaining('sudo make up'),
    })
    expect(await commands.calls()).not.toContainEqual(expect.stringContaining('apt-get'))
  })
})
