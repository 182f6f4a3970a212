import { LEVELS } from '../../identity/levels.ts'
import type { RevocationListInfo, Span, Time } from '../../store/store.ts'
import { type BarPlot, barPlot } from '../plots/bar-plot.ts'
import { type DotPlot, dotPlot } from '../plots/dot-plot.ts'
import { type LifePlot, lifePlot } from '../plots/life-plot.ts'
import { dayText, timeText } from '../time-text.ts'
import type { AdminOptions, AdminPage } from './admin-page.ts'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
// Our own choices: what the usual certificate lives, twice; and what one remembers.
const WEEKS_AHEAD = 26
const DAYS_BACK = 30

/** How it stands, on one page. */
export function dashboardPages(options: AdminOptions): readonly AdminPage[] {
  const { store, now } = options
  return [
    {
      method: 'get',
      path: '/admin/',
      async answer() {
        const at = now().getTime()
        const list = await store.revocationLists.newest()
        return {
          view: 'admin-dashboard',
          data: {
            title: 'Overview',
            tiles: await tiles(options, at),
            expiring: await expiringPlot(options, at),
            decided: await decidedPlot(options, at),
            levels: await levelsPlot(options),
            refused: refusedPlot(options),
            list: list && listPlot(list, at),
            listState: listState(list, at),
          },
        }
      },
    },
  ]
}

async function tiles({ store }: AdminOptions, at: Time) {
  const { valid, expired, revoked } = await store.certificates.counts(at)
  const [soon = 0] = await store.figures.expiring({ from: at, slotMs: DAYS_BACK * DAY_MS, slots: 1 }, at)
  const of = (query: string) => `admin/certificates/?${query}`
  return [
    { label: 'waiting requests', value: await store.requests.countWaiting(), path: 'admin/requests/' },
    { label: 'valid certificates', value: valid, path: of('status=valid') },
    { label: `expire within ${DAYS_BACK} days`, value: soon, path: of('status=valid&order=expiry') },
    { label: 'revoked', value: revoked, path: of('status=revoked') },
    { label: 'expired', value: expired, path: of('status=expired') },
  ]
}

async function expiringPlot({ store }: AdminOptions, at: Time): Promise<BarPlot> {
  const span: Span = { from: startOfDay(at), slotMs: WEEK_MS, slots: WEEKS_AHEAD }
  const values = await store.figures.expiring(span, at)
  return barPlot({
    id: 'expiring',
    title: 'When certificates expire',
    description: `${sum(values)} certificates expire in the next ${WEEKS_AHEAD} weeks. Each bar is a week.`,
    of: 'Week from',
    slots: slotNames(span),
    axisText: withoutYear,
    labelEvery: 5,
    series: [{ label: 'expire', values }],
  })
}

async function decidedPlot({ store }: AdminOptions, at: Time): Promise<BarPlot> {
  const from = startOfDay(at) - (DAYS_BACK - 1) * DAY_MS
  const span: Span = { from, slotMs: DAY_MS, slots: DAYS_BACK }
  const [issued, revoked] = [await store.figures.issued(span), await store.figures.revoked(span)]
  return barPlot({
    id: 'decided',
    title: 'Issued and revoked',
    description: `In the last ${DAYS_BACK} days ${sum(issued)} certificates were issued and ${sum(revoked)} revoked.`,
    of: 'Day',
    slots: slotNames(span),
    axisText: withoutYear,
    labelEvery: 7,
    series: [
      { label: 'issued', values: issued },
      { label: 'revoked', values: revoked },
    ],
  })
}

async function levelsPlot({ metrics }: AdminOptions): Promise<BarPlot> {
  const counts = await metrics.requestsByLevel()
  const levels = Object.keys(LEVELS)
  const values = levels.map(level => counts[level] ?? 0)
  return barPlot({
    id: 'levels',
    title: 'Who asks',
    description: `This process has answered ${sum(values)} requests since its start, by the level of the caller.`,
    of: 'Level',
    slots: levels,
    axisText: level => level,
    labelEvery: 1,
    series: [{ label: 'requests', values }],
  })
}

/** `undefined`: nothing was revoked while a proxy followed. */
function refusedPlot({ authority: { proxies } }: AdminOptions): DotPlot | undefined {
  const byName = Map.groupBy(proxies.lately(), ({ name }) => name)
  if (byName.size === 0) return undefined
  const rows = [...byName]
    .map(([label, times]) => ({ label, values: times.map(({ afterMs }) => afterMs) }))
    .toSorted((one, other) => (one.label < other.label ? -1 : 1))
  return dotPlot({
    id: 'refused',
    title: 'From revocation to refusal',
    description: `How long each proxy took to refuse what was revoked; ${rows.map(({ label }) => label).join(', ')}. Left is sooner.`,
    rows,
  })
}

function listPlot({ number, entries, thisUpdate, nextUpdate }: RevocationListInfo, at: Time): LifePlot {
  const half = (thisUpdate + nextUpdate) / 2
  return lifePlot({
    id: 'list',
    title: 'Certificate revocation list',
    description: `List ${number} with ${entries} certificates, made ${timeText(thisUpdate)}, good until ${timeText(nextUpdate)}.`,
    from: thisUpdate,
    until: nextUpdate,
    now: at,
    marks: [
      { time: thisUpdate, label: withoutYear(timeText(thisUpdate)) },
      { time: half, label: 'next one due' },
      { time: nextUpdate, label: withoutYear(timeText(nextUpdate)) },
    ],
    table: {
      head: ['Number', 'Certificates', 'Made', 'Next one due', 'Good until'],
      rows: [[number, entries, timeText(thisUpdate), timeText(half), timeText(nextUpdate)]],
    },
  })
}

function listState(list: RevocationListInfo | undefined, at: Time) {
  if (!list) return { text: 'none yet', badge: 'warn' }
  return at > list.nextUpdate ? { text: 'too old', badge: 'bad' } : { text: 'fresh', badge: 'good' }
}

function startOfDay(at: Time): Time {
  return at - (at % DAY_MS)
}

function slotNames({ from, slotMs, slots }: Span): readonly string[] {
  return Array.from({ length: slots }, (_, slot) => dayText(from + slot * slotMs))
}

function withoutYear(day: string): string {
  return day.slice(5)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
