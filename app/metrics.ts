import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

export interface RequestFigures {
  readonly method: string
  readonly status: number
  readonly level: string
  readonly seconds: number
}

export interface Metrics {
  observe(request: RequestFigures): void
  countAudit(event: string, code: string): void
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
  return {
    observe(request) {
      requests.inc({ method: request.method, status: request.status, level: request.level })
      seconds.observe(request.seconds)
    },
    countAudit: (event, code) => audited.inc({ event, code }),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
