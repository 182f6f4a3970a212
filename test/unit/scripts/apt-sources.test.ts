// Promise: the mirror that a machine uses already is found in either form that apt reads.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { debianMirror } from '../../../scripts/apt-sources.ts'

const DEB822 = `Types: deb
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main

Types: deb
# a comment that apt allows here
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`

describe('debianMirror', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-apt-'))
    await mkdir(join(folder, 'sources.list.d'))
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  const add = (name: string, text: string) => writeFile(join(folder, name), text)
  const found = { main: 'http://mirror.example/debian', security: 'http://mirror.example/debian-security' }

  it('reads deb822 stanzas', async () => {
    await add('sources.list.d/debian.sources', DEB822)
    expect(await debianMirror(folder)).toEqual(found)
  })

  it('reads one-line sources with and without options', async () => {
    await add(
      'sources.list',
      `# deb http://old.example/debian stretch main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security/ bookworm-security main
`,
    )
    expect(await debianMirror(folder)).toEqual(found)
  })

  it.each([
    ['there are none', 'debian.list', ''],
    ['the stanza is switched off', 'debian.sources', `Enabled: no\n${DEB822.split('\n\n')[0]}`],
    ['the file is not one that apt reads', 'debian.sources.disabled', DEB822],
    ['they are those of Ubuntu', 'ubuntu.list', 'deb http://mirror.example/ubuntu noble main\n'],
  ])(
    'takes the one that debootstrap knows where %s, and asks for one where it knows none',
    async (_, name, text) => {
      await add(`sources.list.d/${name}`, text)
      const debootstrap = join(folder, 'debootstrap')
      await expect(debianMirror(folder, [debootstrap])).rejects.toMatchObject({ code: 'MIRROR_UNKNOWN' })
      await writeFile(debootstrap, 'DEF_MIRROR="http://default.example/debian"\n')
      expect(await debianMirror(folder, [debootstrap])).toEqual({
        main: 'http://default.example/debian',
        security: 'http://default.example/debian-security',
      })
    },
  )

  it('takes the one that is asked for', async () => {
    await add('sources.list.d/debian.sources', DEB822)
    vi.stubEnv('DEBIAN_MIRROR', 'http://chosen.example/debian/')
    expect(await debianMirror(folder)).toEqual({
      main: 'http://chosen.example/debian',
      security: 'http://chosen.example/debian-security',
    })
  })
})
