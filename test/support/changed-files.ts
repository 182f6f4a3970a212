/** A file or folder of this machine in the place of one of an image. */
interface Mount {
  readonly source: string
  readonly target: string
  readonly mode: 'ro'
}

/** Which variable names what is mounted where. */
export const PLACES = {
  GATEHOUSE_TEST_CONFIGURATION: '/etc/gatehouse',
  GATEHOUSE_TEST_ENTRYPOINT: '/usr/local/bin/entrypoint.sh',
} as const
export type ChangedFiles = keyof typeof PLACES

/** What the mutation tests have changed, to be mounted over what a proxy's image holds. */
export function changedFiles(): readonly Mount[] {
  return Object.entries(PLACES).flatMap(([name, target]) => {
    const source = process.env[name]
    return source ? [{ source, target, mode: 'ro' }] : []
  })
}
