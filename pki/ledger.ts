import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { PkiError } from './errors.ts'
import { addWhole, LEDGER_FILE, readWhole } from './key-files.ts'
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts'
import { decodeCertificatePems, encodeCertificatePem } from './pem.ts'

const NEWLINE = 0x0a

/** The text of a ledger: one certificate after the other. */
export function writeLedger(certificates: readonly ParsedCertificate[]): string {
  return certificates.map(({ der }) => encodeCertificatePem(der)).join('')
}

function readBlock(der: Uint8Array, index: number): ParsedCertificate {
  try {
    return parseCertificate(der)
  } catch (cause) {
    throw new PkiError(
      'CERT_MALFORMED',
      `Block ${index + 1} of ${LEDGER_FILE} is damaged: it is not a certificate. Put the file back from a backup, or remove that block: certificates that are in the folder are added again.`,
      { cause },
    )
  }
}

/**
 * Every certificate of a ledger, once, in the order of their signatures. A block that a power failure cut off is none:
 * whoever wrote it had given nothing out yet.
 * @throws PkiError CERT_MALFORMED for a whole block with something else in it
 */
export function readLedger(text: string): readonly ParsedCertificate[] {
  const certificates = decodeCertificatePems(text).map(readBlock)
  return [...new Map(certificates.map(found => [found.fingerprint256, found])).values()]
}

function hex(der: Uint8Array): string {
  return Buffer.from(der).toString('hex')
}

/**
 * Adds certificates to the ledger of a key set; on disk when it returns, so before anybody has them. In place, because
 * a container may have this very file mounted.
 */
export async function appendToLedger(dir: string, certificates: readonly ParsedCertificate[]): Promise<void> {
  await using ledger = await open(join(dir, LEDGER_FILE), 'a+')
  const { size } = await ledger.stat()
  const { buffer } = await ledger.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0))
  const isCutOff = size > 0 && buffer[0] !== NEWLINE
  await ledger.appendFile(`${isCutOff ? '\n' : ''}${writeLedger(certificates)}`)
  await ledger.sync()
}

/** Adds the certificates that a ledger lacks; one is made where a key set is older than ledgers. */
export async function completeLedger(dir: string, certificates: readonly ParsedCertificate[]): Promise<void> {
  const path = join(dir, LEDGER_FILE)
  const before = await readWhole(path)
  if (before === undefined)
    await addWhole(dir, { path: LEDGER_FILE, data: writeLedger(certificates), isSecret: false })
  const known = new Set(decodeCertificatePems(before ?? (await readWhole(path)) ?? '').map(hex))
  const missing = certificates.filter(({ der }) => !known.has(hex(der)))
  if (missing.length > 0) await appendToLedger(dir, missing)
}
