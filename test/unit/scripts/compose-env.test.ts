// Promise: .env gains or changes only the lines it is asked to, and never exists half written.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setComposeEnv } from '../../../scripts/compose-env.ts'

describe('setComposeEnv', () => {
  let folder: string
  let file: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-env-'))
    file = join(folder, '.env')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('makes the file when there is none', async () => {
    await setComposeEnv({ GATEHOUSE_UID: 10001 }, file)
    expect(await readFile(file, 'utf8')).toBe('GATEHOUSE_UID=10001\n')
  })

  it('replaces in place, appends what is new, keeps what is foreign', async () => {
    await writeFile(file, '# mine\nCOMPOSE_PROJECT_NAME=lab\nGATEHOUSE_UID=1\n\nOTHER="a b"')
    await setComposeEnv({ GATEHOUSE_UID: 2, GATEHOUSE_NODE_IMAGE: 'node:24-trixie-slim' }, file)
    expect(await readFile(file, 'utf8')).toBe(
      '# mine\nCOMPOSE_PROJECT_NAME=lab\nGATEHOUSE_UID=2\n\nOTHER="a b"\nGATEHOUSE_NODE_IMAGE=node:24-trixie-slim\n',
    )
  })

  it('leaves the file alone, and nothing beside it, when a value cannot be written', async () => {
    await writeFile(file, 'A=1\n')
    await expect(setComposeEnv({ A: 'x\nB=2' }, file)).rejects.toThrow(RangeError)
    expect(await readFile(file, 'utf8')).toBe('A=1\n')
    expect(await readdir(folder)).toEqual(['.env'])
  })
})
