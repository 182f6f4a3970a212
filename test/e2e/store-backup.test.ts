// Promise: a backup of either database is restored to either, and a restore takes nothing back.
import { usePostgres } from '../support/postgres.ts'
import { describeBackup, describeRestore } from '../support/store/backup-suite.ts'
import { postgresOf, sqlite } from '../support/store/place.ts'

const postgres = postgresOf(usePostgres())

describeBackup(sqlite, postgres)
describeBackup(postgres, sqlite)
describeBackup(postgres, postgres)
describeRestore(postgres)
