import type { SubjectWish } from '../../authority/subject.ts'

/** The members of a body that say for whom. */
export interface SubjectFields {
  readonly common_name?: string | undefined
  readonly organisation?: string | undefined
  readonly email?: string | undefined
}

export function subjectWish({ common_name: commonName, organisation, email }: SubjectFields): SubjectWish {
  return { commonName, organisation, email }
}
