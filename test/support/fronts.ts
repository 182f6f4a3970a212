import type { ImageName } from './images.ts'

/** A proxy, and what it cannot help doing differently. */
export interface ProxyFront {
  readonly name: Exclude<ImageName, 'app' | 'intranet' | 'postgres'>
  /** A certificate that is expired, not yet valid or badly signed: reported to the application, or a TLS alert. */
  readonly invalidCertificate: 'reported' | 'tls-alert'
}

const apache: ProxyFront = { name: 'apache', invalidCertificate: 'tls-alert' }
const nginx: ProxyFront = { name: 'nginx', invalidCertificate: 'reported' }
const haproxy: ProxyFront = { name: 'haproxy', invalidCertificate: 'reported' }

/** The application with TLS of its own. */
export interface DirectFront {
  readonly name: 'direct'
  readonly invalidCertificate: 'reported'
}

const direct: DirectFront = { name: 'direct', invalidCertificate: 'reported' }

export type Front = ProxyFront | DirectFront

// `GATEHOUSE_TEST_FRONTS=nginx` narrows a run to one proxy, for the mutation tests and for whoever works on it.
const chosen = process.env.GATEHOUSE_TEST_FRONTS?.split(',')

function narrowed<Row extends Front>(rows: readonly Row[]): readonly Row[] {
  return chosen ? rows.filter(row => chosen.includes(row.name)) : rows
}

export const proxies: readonly ProxyFront[] = narrowed([apache, nginx, haproxy])
export const fronts: readonly Front[] = narrowed<Front>([direct, apache, nginx, haproxy])
