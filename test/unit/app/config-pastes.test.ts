// Promise: pastes are kept where the settings say, and otherwise beside the store, apart from those of another store.
import { expect, it } from 'vitest'
import { pastesOf } from '../../../app/config-pastes.ts'

const MIB = 1_048_576

it.each([
  [undefined, 'data/gatehouse.sqlite-pastes'],
  ['sqlite:/srv/other.sqlite', '/srv/other.sqlite-pastes'],
  ['sqlite::memory:', 'data/pastes'],
  ['postgres://user:secret@db/gatehouse', 'data/pastes'],
])('of the store %s they are in %s', (databaseUrl, dir) => {
  expect(pastesOf({}, databaseUrl)).toEqual({ dir, total: 2048 * MIB, perMinute: 60 })
})

it('what is set counts', () => {
  const settings = {
    GATEHOUSE_PASTES_DIR: '/mnt/pastes',
    GATEHOUSE_PASTES_TOTAL_MIB: 3,
    GATEHOUSE_PASTES_PER_MINUTE: 5,
  }
  expect(pastesOf(settings, undefined)).toEqual({ dir: '/mnt/pastes', total: 3 * MIB, perMinute: 5 })
})
