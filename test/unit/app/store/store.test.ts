// Promise: the store keeps what it says, on SQLite; test/e2e/store.test.ts has the same for both databases.

import { sqlite } from '../../../support/store/place.ts'
import { describeStore } from '../../../support/store-suite.ts'

describeStore(sqlite)
