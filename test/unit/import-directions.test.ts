// Promise: imports run one way, so that each part of the house can be used without the parts above it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DIRECTIONS, wrongImports } from '../support/import-directions.ts'

it('holds in this tree', async () => {
  expect(await wrongImports(join(import.meta.dirname, '../..'), DIRECTIONS)).toEqual([])
})

describe('in a made-up tree', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'gatehouse-imports-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  async function add(file: string, source: string): Promise<void> {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), source)
  }

  it.each([
    ['app/identity/a.ts', '../../pki/b.ts'],
    ['app/web/a.ts', '../identity/b.ts'],
    ['app/main.ts', './app.ts'],
    ['scripts/a.ts', '../pki/b.ts'],
    ['pki/deeper/a.ts', '../b.ts'],
    ['pki/a.ts', 'node:crypto'],
  ])('lets %s import %s', async (file, specifier) => {
    await add(file, `import { b } from '${specifier}'\n`)
    expect(await wrongImports(root, DIRECTIONS)).toEqual([])
  })

  it.each([
    ['pki/a.ts', '../app/errors.ts', 'app/errors.ts'],
    ['app/identity/a.ts', '../config.ts', 'app/config.ts'],
    ['app/identity/a.ts', '../web/b.ts', 'app/web/b.ts'],
    ['app/web/a.ts', '../app.ts', 'app/app.ts'],
    ['app/config.ts', './main.ts', 'app/main.ts'],
    ['scripts/a.ts', '../app/identity/b.ts', 'app/identity/b.ts'],
    ['scripts/a.ts', '../test/support/b.ts', 'test/support/b.ts'],
    ['docs/examples/a.ts', '../../app/app.ts', 'app/app.ts'],
  ])('refuses that %s imports %s', async (file, specifier, target) => {
    await add(file, `import type { b } from '${specifier}'\n`)
    expect(await wrongImports(root, DIRECTIONS)).toEqual([`${file} must not import ${target}`])
  })

  it.each([
    ["import {\n  a,\n  b,\n} from '../app/b.ts'", 'over several lines'],
    ["export * from '../app/b.ts'", 'by a re-export'],
    ["import '../app/b.ts'", 'for its effect'],
    ["const b = await import('../app/b.ts')", 'when it runs'],
    ["let b: import('../app/b.ts').B", 'for a type'],
  ])('sees an import %j %s', async source => {
    await add('pki/a.ts', `${source}\n`)
    expect(await wrongImports(root, DIRECTIONS)).toEqual(['pki/a.ts must not import app/b.ts'])
  })

  it('refuses a folder that nobody decided on, and an import that Node would not find', async () => {
    await add('utils/a.ts', '')
    await add('app/helpers/a.ts', '')
    await add('pki/a.ts', "import { b } from './b'\n")
    expect(await wrongImports(root, DIRECTIONS)).toEqual([
      'app/helpers/a.ts: its folder is in no row of the table of directions',
      'pki/a.ts: ./b does not end in .ts',
      'utils/a.ts: its folder is in no row of the table of directions',
    ])
  })
})
