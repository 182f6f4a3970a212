// Promise: a backup file is there whole or not at all, and nobody else can read it.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readBackupFile, writeBackupFile } from '../../../../app/store/backup-file.ts'
import { temporaryFolder } from '../../../support/lab.ts'

it('replaces an earlier one when it is complete, for its owner only', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'backup.jsonl')
  writeFileSync(path, 'earlier', { mode: 0o644 })
  const result = await writeBackupFile(path, async write => {
    await write('new ')
    expect(readFileSync(path, 'utf8')).toBe('earlier')
    expect(readdirSync(folder.path).map(name => statSync(join(folder.path, name)).mode & 0o777)).toEqual([
      0o600, 0o644,
    ])
    await write('one')
    return 7
  })
  expect(result).toBe(7)
  expect(readFileSync(path, 'utf8')).toBe('new one')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('leaves the earlier one, and nothing beside it, when it fails', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'backup.jsonl')
  writeFileSync(path, 'earlier')
  const writing = writeBackupFile(path, async write => {
    await write('half')
    throw new Error('the store went away')
  })
  await expect(writing).rejects.toThrow('the store went away')
  expect(readFileSync(path, 'utf8')).toBe('earlier')
  expect(readdirSync(folder.path)).toEqual(['backup.jsonl'])
})

it.each([
  ['a folder that is not there', 'none/backup.jsonl', 'there is no such file or folder'],
  ['a folder', 'folder', 'it is a folder'],
])('says why it cannot be written: %s', async (_what, name, why) => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'folder'))
  await expect(writeBackupFile(join(folder.path, name), async () => {})).rejects.toMatchObject({
    code: 'BACKUP_INVALID',
    message: `The backup cannot be written to ${folder.path}/${name}: ${why}.`,
  })
  expect(readdirSync(folder.path)).toEqual(['folder'])
})

it.each([
  ['a missing file', 'none', 'there is no such file or folder'],
  ['a folder', '.', 'it is a folder'],
])('says why it cannot be read: %s', async (_what, name, why) => {
  using folder = temporaryFolder()
  const reading = readBackupFile(join(folder.path, name)).next()
  await expect(reading).rejects.toMatchObject({
    code: 'BACKUP_INVALID',
    message: expect.stringContaining(`cannot be read: ${why}.`),
  })
})
