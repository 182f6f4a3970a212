import { PkiError } from './errors.ts'
import { gateKeyFile, gatePublicFiles, readGateKeys } from './gate-files.ts'
import { type GateKeys, generateGateKey, LONGEST_GATE_SESSION_HOURS, otherSlot } from './gate-keys.ts'
import { replaceWhole } from './key-files.ts'

const HOUR_MS = 3_600_000

export interface Preparation {
  readonly now: Date
  /** Replace a key even if sessions may still have tokens of it: whoever has one logs in again. */
  readonly force: boolean
}

/**
 * Replaces the pair that does not sign. Tokens are signed with it after `switchGateKey`, and before that every proxy has
 * to know its public key. With a pair that is prepared already, it only writes the public files again.
 * @throws PkiError KEYS_MISSING, KEY_MALFORMED, GATE_KEY_IN_USE
 */
export async function prepareGateKey(dir: string, { now, force }: Preparation): Promise<GateKeys> {
  const keys = await keysOf(dir)
  if (!force) assertNoLongerUsed(keys, now)
  const prepared = keys.isPrepared ? keys : await withNewKey(keys)
  await replaceWhole(dir, gateKeyFile(prepared))
  for (const file of gatePublicFiles(prepared)) await replaceWhole(dir, file)
  return prepared
}

/**
 * Makes the prepared pair the one that signs, from the next start of the application on.
 * @throws PkiError KEYS_MISSING, KEY_MALFORMED, GATE_KEY_UNPREPARED
 */
export async function switchGateKey(dir: string, now: Date): Promise<GateKeys> {
  const keys = await keysOf(dir)
  if (!keys.isPrepared) {
    throw new PkiError(
      'GATE_KEY_UNPREPARED',
      `No key is prepared in ${dir}: the proxies would not know it. Prepare one first: make rotate-gate-key.`,
    )
  }
  const switched: GateKeys = { ...keys, active: otherSlot(keys), switchedAt: now, isPrepared: false }
  await replaceWhole(dir, gateKeyFile(switched))
  return switched
}

async function keysOf(dir: string): Promise<GateKeys> {
  const keys = await readGateKeys(dir)
  if (keys) return keys
  throw new PkiError(
    'KEYS_MISSING',
    `There are no keys of the gate in ${dir}. Make them first: make generate-keys.`,
  )
}

async function withNewKey(keys: GateKeys): Promise<GateKeys> {
  const privateKeys = { ...keys.privateKeys, [otherSlot(keys)]: await generateGateKey() }
  return { ...keys, privateKeys, isPrepared: true }
}

function assertNoLongerUsed(keys: GateKeys, now: Date): void {
  const { switchedAt, isPrepared } = keys
  if (isPrepared || switchedAt === null) return
  const free = new Date(switchedAt.getTime() + LONGEST_GATE_SESSION_HOURS * HOUR_MS)
  if (now >= free) return
  throw new PkiError(
    'GATE_KEY_IN_USE',
    `Key ${otherSlot(keys)} signed until ${switchedAt.toISOString()}, and sessions may have its tokens until ${free.toISOString()}. Wait until then, or replace it all the same (FORCE=1): whoever has such a session logs in again. Nothing was changed.`,
  )
}
