import type { Kysely } from 'kysely'
import { auditTrailIn } from './audit-trail.ts'
import { certificatesIn } from './certificates.ts'
import type { Database } from './database.ts'
import { figuresIn } from './figures.ts'
import { gateIn } from './gate.ts'
import { holdersIn } from './holders.ts'
import { onceIn } from './once.ts'
import { outboxIn } from './outbox.ts'
import { pastesIn } from './pastes.ts'
import { proxyListIn } from './proxy-list.ts'
import { requestsIn } from './requests.ts'
import { revocationListsIn } from './revocation-lists.ts'
import { settingsIn } from './settings.ts'
import type { Aggregates, Store } from './store.ts'
import { transactionScope } from './transaction-scope.ts'

/** The store on a database whose tables are there. */
export function createStore(db: Kysely<Database>, now: () => Date): Store {
  const scope = transactionScope()
  const outside = aggregatesIn(db, now)
  return {
    holders: scope.outside(outside.holders),
    certificates: scope.outside(outside.certificates),
    requests: scope.outside(outside.requests),
    once: scope.outside(outside.once),
    audit: scope.outside(outside.audit),
    outbox: scope.outside(outside.outbox),
    pastes: scope.outside(outside.pastes),
    figures: scope.outside(outside.figures),
    settings: scope.outside(outside.settings),
    revocationLists: scope.outside(outside.revocationLists),
    gate: scope.outside(outside.gate),
    proxyList: scope.outside(outside.proxyList),
    async transaction(work) {
      scope.assertOutside()
      return db.transaction().execute(within => scope.run(() => work(aggregatesIn(within, now))))
    },
    async ping() {
      await db.selectNoFrom(eb => eb.lit(1).as('answer')).execute()
    },
    async [Symbol.asyncDispose]() {
      scope.close()
      await db.destroy()
    },
  }
}

function aggregatesIn(db: Kysely<Database>, now: () => Date): Aggregates {
  return {
    holders: holdersIn(db),
    certificates: certificatesIn(db, now),
    requests: requestsIn(db),
    once: onceIn(db, now),
    audit: auditTrailIn(db),
    outbox: outboxIn(db),
    pastes: pastesIn(db),
    figures: figuresIn(db),
    settings: settingsIn(db),
    revocationLists: revocationListsIn(db),
    gate: gateIn(db, now),
    proxyList: proxyListIn(db, now),
  }
}
