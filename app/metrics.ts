import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface RequestFigures {
  readonly method: string
  readonly status: number
  readonly level: string
  /** Left out for a request that waits by agreement. */
  readonly seconds: number | undefined
}

/** Times in milliseconds since 1970. */
export interface RevocationListFigures {
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: number
}

/** What is known of the proxies that follow the list of revoked certificates. */
export interface ProxyFigures {
  /** Of the list; 0: nobody has asked. */
  generation(): number
  known(): readonly {
    readonly name: string
    readonly address: string
    readonly generation: number
    readonly secondsSinceSeen: number
  }[]
}

export interface PasteFigures {
  readonly count: number
  readonly octets: number
}

export interface Metrics {
  observe(request: RequestFigures): void
  /** Requests answered since the start of the process. */
  requestsByLevel(): Promise<Readonly<Record<string, number>>>
  countAudit(event: string, code: string): void
  /** @param read what is known of the newest certificate revocation list; looked at whenever figures are asked for */
  showRevocationList(read: () => RevocationListFigures | undefined, now: () => Date): void
  /** How long after a revocation was durable a proxy refused by it. */
  observeRefusal(proxy: string, seconds: number): void
  showProxies(proxies: ProxyFigures): void
  /** @param read looked at whenever figures are asked for */
  showPastes(read: () => Promise<{ readonly all: PasteFigures; readonly strangers: PasteFigures }>): void
  /** Prometheus text format. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** A registry of its own, so that two applications in one process do not share figures. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'gatehouse_http_requests_total',
    help: 'Requests answered, by method, status and level of the caller',
    labelNames: ['method', 'status', 'level'],
    registers,
  })
  const seconds = new Histogram({
    name: 'gatehouse_http_request_seconds',
    help: 'Time from the request head to the end of the answer',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
    registers,
  })
  const audited = new Counter({
    name: 'gatehouse_audit_events_total',
    help: 'Audit events, by event and code',
    labelNames: ['event', 'code'],
    registers,
  })
  const refused = new Histogram({
    name: 'gatehouse_revocation_seconds',
    help: 'Time from a durable revocation to the word of the proxy that it refuses the certificate',
    labelNames: ['proxy'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 10, 60, 600],
    registers,
  })
  return {
    observe(request) {
      requests.inc({ method: request.method, status: request.status, level: request.level })
      if (request.seconds !== undefined) seconds.observe(request.seconds)
    },
    async requestsByLevel() {
      const sums: Record<string, number> = {}
      for (const { labels, value } of (await requests.get()).values) {
        const level = String(labels.level)
        sums[level] = (sums[level] ?? 0) + value
      }
      return sums
    },
    countAudit: (event, code) => audited.inc({ event, code }),
    observeRefusal: (proxy, time) => refused.observe({ proxy }, time),
    showProxies: proxies => gaugesOfProxies(registers, proxies),
    showRevocationList: (read, now) => gaugesOf(registers, read, now),
    showPastes: read => pasteGauges(registers, read),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}

/** Without a list there is no figure, rather than one that looks like a good one. */
const GAUGES: Readonly<
  Record<string, readonly [help: string, of: (list: RevocationListFigures, now: number) => number]>
> = {
  number: ['Number of the newest certificate revocation list', list => list.number],
  entries: ['Certificates on it', list => list.entries],
  age_seconds: ['Time since it was made', (list, now) => (now - list.thisUpdate) / 1000],
  seconds_left: ['Time until it is not good any more', (list, now) => (list.nextUpdate - now) / 1000],
}

function gaugesOf(
  registers: Registry[],
  read: () => RevocationListFigures | undefined,
  now: () => Date,
): void {
  for (const [name, [help, of]] of Object.entries(GAUGES)) {
    new Gauge({
      name: `gatehouse_crl_${name}`,
      help,
      registers,
      collect() {
        const list = read()
        if (list) this.set(of(list, now().getTime()))
        else this.remove()
      },
    })
  }
}

function gaugesOfProxies(registers: Registry[], { generation, known }: ProxyFigures): void {
  new Gauge({
    name: 'gatehouse_proxy_list_generation',
    help: 'Newest generation of the list of revoked certificates that proxies follow',
    registers,
    collect() {
      this.set(generation())
    },
  })
  new Gauge({
    name: 'gatehouse_proxy_generation',
    help: 'Generation that the proxy has applied',
    labelNames: ['proxy', 'address'],
    registers,
    collect() {
      this.reset()
      for (const { name: proxy, address, generation } of known()) this.set({ proxy, address }, generation)
    },
  })
  new Gauge({
    name: 'gatehouse_proxy_seen_seconds',
    help: 'Time since the proxy has asked for changes',
    labelNames: ['proxy', 'address'],
    registers,
    collect() {
      this.reset()
      for (const { name: proxy, address, secondsSinceSeen } of known())
        this.set({ proxy, address }, secondsSinceSeen)
    },
  })
}

function pasteGauges(registers: Registry[], read: Parameters<Metrics['showPastes']>[0]): void {
  const gauge = (name: string, help: string, of: (figures: PasteFigures) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['of'],
      registers,
      async collect() {
        // A store that is away shows elsewhere; the other figures are wanted then more than ever.
        const figures = await read().catch(() => undefined)
        this.reset()
        if (!figures) return
        this.set({ of: 'strangers' }, of(figures.strangers))
        this.set({ of: 'others' }, of(figures.all) - of(figures.strangers))
      },
    })
  gauge('gatehouse_pastes', 'Pastes that are kept', ({ count }) => count)
  gauge('gatehouse_pastes_octets', 'Octets that they have', ({ octets }) => octets)
}
