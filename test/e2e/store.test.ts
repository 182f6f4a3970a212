// Promise: the store keeps what it says on PostgreSQL as on SQLite, for which test/unit/app/store/store.test.ts has the same.
import { usePostgres } from '../support/postgres.ts'
import { postgresOf } from '../support/store/place.ts'
import { describeStore } from '../support/store-suite.ts'

describeStore(postgresOf(usePostgres()))
