// Promise: the SQLite file is for its owner only, lasts, and says what is wrong with it in words.
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../../../app/store/create-store.ts'
import { migrate } from '../../../../app/store/migrations.ts'
import { databaseOver, openStore } from '../../../../app/store/open-store.ts'
import { NodeSqliteDialect } from '../../../../app/store/sqlite-dialect.ts'
import { openSqliteFile } from '../../../../app/store/sqlite-file.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import { openAt, sqlite } from '../../../support/store/place.ts'
import { holder, issued, NOON, recorded } from '../../../support/store/rows.ts'

const now = () => new Date(NOON)

describe('the file', () => {
  it('is made with its folder, for nobody else to read', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'new/folder/store.sqlite')
    await using store = await openStore({ url: `sqlite:${file}`, now })
    await store.holders.add(holder())
    const mode = (path: string) => statSync(path).mode & 0o777
    expect([file, `${file}-wal`, `${file}-shm`].map(mode)).toEqual([0o600, 0o600, 0o600])
    expect(mode(join(folder.path, 'new/folder'))).toBe(0o700)
  })

  it('is written to the disk at each commit, and keeps references', async () => {
    using folder = temporaryFolder()
    const database = await openSqliteFile(join(folder.path, 'store.sqlite'), true)
    const value = (pragma: string) => Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0]
    expect(value('journal_mode')).toBe('wal')
    expect(value('synchronous')).toBe(2)
    expect(value('foreign_keys')).toBe(1)
    database.close()
  })

  it('is there again when the store is opened the next time', async () => {
    await using place = await sqlite.makePlace()
    const person = holder()
    {
      await using store = await openAt(place)
      await store.holders.add(person)
    }
    await using store = await openAt(place)
    expect(await store.holders.find(person.id)).toEqual(person)
  })

  it('can be memory, for tests', async () => {
    await using store = await openStore({ url: 'sqlite::memory:', now })
    await store.holders.add(holder())
    expect(await store.certificates.counts(NOON)).toEqual({ recorded: 0, valid: 0, expired: 0, revoked: 0 })
  })

  it('has no certificate of a holder who is not there', async () => {
    await using store = await openStore({ url: 'sqlite::memory:', now })
    await expect(store.certificates.record(recorded(holder()))).rejects.toThrow('FOREIGN KEY')
  })
})

describe('what cannot be opened', () => {
  it.each([
    [
      'a folder',
      'PATH cannot be opened (EISDIR); GATEHOUSE_DATABASE_URL says where it is',
      (path: string) => mkdirSync(path),
    ],
    [
      'another file',
      'its file is no SQLite database',
      (path: string) => writeFileSync(path, 'no database'.repeat(99)),
    ],
  ])('%s: STORE_UNAVAILABLE', async (_what, why, make) => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'store.sqlite')
    make(path)
    await expect(openStore({ url: `sqlite:${path}`, now })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `The store is not available: ${why.replace('PATH', path)}. Try again later.`,
    })
  })

  it('a file below a file: STORE_UNAVAILABLE', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'file'), '')
    const url = `sqlite:${folder.path}/file/store.sqlite`
    await expect(openStore({ url, now })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('a missing file that must be there: STORE_UNAVAILABLE, and it is not made', async () => {
    using folder = temporaryFolder()
    const url = `sqlite:${folder.path}/store.sqlite`
    const opening = () => openStore({ url, now, create: false })
    await expect(opening()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(opening()).rejects.toThrow('there is no such file')
  })

  it.each([
    '',
    'sqlite:',
    'data/store.sqlite',
    'mysql://localhost/x',
    'postgres:',
    'postgres://a:secret@[/x',
  ])('the URL %j: CONFIG_INVALID, and it is not repeated', async url => {
    const opening = openStore({ url, now })
    await expect(opening).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('sqlite:data/gatehouse.sqlite'),
    })
    await expect(opening).rejects.not.toThrow('secret')
  })
})

describe('a full disk', () => {
  it('refuses what does not fit, keeps what it acknowledged, and goes on when there is room', async () => {
    using folder = temporaryFolder()
    const database = await openSqliteFile(join(folder.path, 'store.sqlite'), true)
    const db = databaseOver(new NodeSqliteDialect(database))
    await migrate(db)
    await using store = createStore(db, now)
    const person = holder()
    await store.holders.add(person)
    database.exec('pragma max_page_count = 60')

    const acknowledged: string[] = []
    const issue = () =>
      store.transaction(async ({ certificates, audit }) => {
        const row = issued(person, { pem: 'x'.repeat(3_000) })
        await certificates.record(row)
        await audit.append({ event: 'TEST', at: NOON, serial: row.serial })
        return row.serial
      })
    const untilFull = async () => {
      for (;;) acknowledged.push(await issue())
    }
    await expect(untilFull()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'The store is not available: the disk is full. Try again later.',
    })
    expect(acknowledged.length).toBeGreaterThan(0)
    const serials = async () =>
      (await store.certificates.list({ now: NOON, limit: 1_000 })).map(row => row.serial).sort()
    expect(await serials()).toEqual(acknowledged.sort())
    expect((await store.audit.head()).sequence).toBe(acknowledged.length)

    database.exec('pragma max_page_count = 1000')
    acknowledged.push(await issue())
    expect(await serials()).toEqual(acknowledged.sort())
  })
})
