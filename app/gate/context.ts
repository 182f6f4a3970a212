import type { DecisionContext } from '../authority/decide.ts'
import type { GateRules } from '../config-gate.ts'
import type { GateSecrets } from './secrets.ts'
import type { Tokens } from './tokens.ts'

/** What every decision of the gate needs. */
export interface GateContext extends DecisionContext {
  readonly tokens: Tokens
  readonly secrets: GateSecrets
  /** The sealed secret of nobody, which is opened for a name that is not there. */
  readonly decoy: string
  readonly rules: GateRules
}
