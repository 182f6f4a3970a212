import { describeAggregates } from './store/aggregates-suite.ts'
import { describeCertificates } from './store/certificates-suite.ts'
import { describeFigures } from './store/figures-suite.ts'
import { describeGate } from './store/gate-suite.ts'
import { describeListing } from './store/listing-suite.ts'
import { describePastes } from './store/pastes-suite.ts'
import type { StoreKind } from './store/place.ts'
import { describeProcesses } from './store/processes-suite.ts'
import { describeProxyList } from './store/proxy-list-suite.ts'
import { describeRevocationLists } from './store/revocation-lists-suite.ts'
import { describeTrouble } from './store/trouble-suite.ts'

/** All that holds for the store, whatever database it is on. */
export function describeStore(kind: StoreKind): void {
  describeCertificates(kind)
  describeListing(kind)
  describeAggregates(kind)
  describeFigures(kind)
  describeRevocationLists(kind)
  describeGate(kind)
  describeProxyList(kind)
  describePastes(kind)
  describeProcesses(kind)
  describeTrouble(kind)
}
