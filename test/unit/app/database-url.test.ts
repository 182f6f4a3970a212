// Promise: where the store is comes from one setting or a file, never from two.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DEFAULT_DATABASE_URL, readDatabaseUrl } from '../../../app/database-url.ts'
import { temporaryFolder } from '../../support/lab.ts'

it('is the setting, the content of the file, or else a file below the working folder', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'url')
  writeFileSync(file, 'postgres://gatehouse:secret@db/gatehouse\n')
  expect(readDatabaseUrl({ GATEHOUSE_DATABASE_URL: 'sqlite:x' })).toBe('sqlite:x')
  expect(readDatabaseUrl({ GATEHOUSE_DATABASE_URL_FILE: file })).toBe(
    'postgres://gatehouse:secret@db/gatehouse',
  )
  expect(readDatabaseUrl({})).toBe(DEFAULT_DATABASE_URL)
})

it('is not both, and not a file that cannot be read', () => {
  const both = { GATEHOUSE_DATABASE_URL: 'sqlite:x', GATEHOUSE_DATABASE_URL_FILE: '/none' }
  const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' })
  expect(() => readDatabaseUrl(both)).toThrow(invalid)
  expect(() => readDatabaseUrl({ GATEHOUSE_DATABASE_URL_FILE: '/none' })).toThrow(invalid)
  expect(() => readDatabaseUrl({ GATEHOUSE_DATABASE_URL_FILE: '/none' })).toThrow('ENOENT')
})
