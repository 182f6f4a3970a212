/** What is found wrong in a name, an organisation or an address. */
export const SUBJECT_ERRORS = ['NAME_INVALID', 'EMAIL_INVALID'] as const

/** What is found wrong in a signing request. */
export const CSR_ERRORS = ['CSR_MALFORMED', 'CSR_PROOF_INVALID', 'KEY_WEAK', 'KEY_TAKEN'] as const
