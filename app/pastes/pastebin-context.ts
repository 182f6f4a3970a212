import type { DecisionContext } from '../authority/decide.ts'
import type { ContentFolder } from './content-folder.ts'

/** What every decision about a paste needs. */
export interface PastebinContext extends DecisionContext {
  readonly folder: ContentFolder
  /** Octets of all pastes together, at most. */
  readonly total: number
  /** What nobody asked for has failed, or is not as it should be. */
  readonly onTrouble: (trouble: string, details: Readonly<Record<string, unknown>>) => void
}
