// Promise: a backup has what the store knows, and a restore only adds; test/e2e/store-backup.test.ts has it for both databases.
import { describeBackup, describeRestore } from '../../../support/store/backup-suite.ts'
import { sqlite } from '../../../support/store/place.ts'

describeBackup(sqlite, sqlite)
describeRestore(sqlite)
