import type { Level } from './identity/levels.ts'

/** By what right somebody sets up one-time codes. */
export const GATE_MEANS = ['certificate', 'invitation', 'anybody'] as const
export type GateMeans = (typeof GATE_MEANS)[number]

/** One-time codes alone never make anybody an administrator. */
export type GateLevel = Extract<Level, 'trusted' | 'untrusted'>

/** Where anybody may set up, it is the same person as the last time, and nobody vouches for whom. */
export function gateLevelOf(means: GateMeans): GateLevel {
  return means === 'anybody' ? 'untrusted' : 'trusted'
}
