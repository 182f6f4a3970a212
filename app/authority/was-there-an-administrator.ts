import { ADMIN_ORGANISATION } from '../../pki/organisations.ts'
import type { Aggregates, CertificateRow } from '../store/store.ts'

// Our own choice: one page is nearly always all.
const PAGE = 1000

/**
 * Whether anybody ever had, or is being given, an administrator's certificate. By certificates, not by people: who was
 * somebody else before can have been made one. One that has run out or was revoked counts, or the last administrator's
 * would make the next stranger one; what was given up unsigned has made nobody anything.
 */
export async function wasThereAnAdministrator({
  certificates,
}: Pick<Aggregates, 'certificates'>): Promise<boolean> {
  let after: string | undefined
  do {
    const page: readonly CertificateRow[] = await certificates.list({
      now: 0,
      search: ADMIN_ORGANISATION,
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    if (page.some(makesAnAdministrator)) return true
    after = page.length < PAGE ? undefined : page.at(-1)?.serial
  } while (after !== undefined)
  return false
}

function makesAnAdministrator({ organisation, state, revokedAt }: CertificateRow): boolean {
  return organisation === ADMIN_ORGANISATION && (state === 'issued' || revokedAt === null)
}
