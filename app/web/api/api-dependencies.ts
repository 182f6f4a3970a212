import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import type { Authority } from '../../authority/authority.ts'
import type { Gate } from '../../gate/gate.ts'
import type { Pastebin } from '../../pastes/pastebin.ts'
import type { Store } from '../../store/store.ts'

/** What the API is built on. */
export interface ApiDependencies {
  readonly store: Store
  readonly authority: Authority
  /** `undefined`: there is none. */
  readonly gate: Gate | undefined
  readonly pastebin: Pastebin
  /** The client CA. */
  readonly issuer: ParsedCertificate
  /** Whether its key is here. */
  readonly isSigning: boolean
  readonly now: () => Date
}
