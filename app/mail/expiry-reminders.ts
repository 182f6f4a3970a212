import { setImmediate } from 'node:timers/promises'
import type { CertificateRow, Store, Time } from '../store/store.ts'
import type { Post } from './post.ts'

const DAY_MS = 86_400_000
/** Ascending. */
const STEPS_DAYS = [1, 7, 14, 30] as const
const LONGEST_MS = STEPS_DAYS[3] * DAY_MS

export interface RemindersOptions {
  readonly store: Pick<Store, 'certificates' | 'outbox'>
  readonly post: Post
  readonly now: () => Date
}

export interface Reminders {
  /** Queues what is due by now; as often as one likes, and by several processes at once. */
  run(): Promise<void>
}

/** Reminds each holder 30, 14, 7 and 1 days before a certificate expires; of several steps missed, of the nearest. */
export function createReminders({ store, post, now }: RemindersOptions): Reminders {
  return {
    async run() {
      const at = now().getTime()
      for (const certificate of await store.certificates.expiring(at, at + LONGEST_MS + 1)) {
        const days = STEPS_DAYS.find(step => certificate.notAfter - at <= step * DAY_MS)
        if (days !== undefined && !(await isReplaced(store, certificate, at)))
          await post.expiring(store.outbox, certificate, days)
        // The store may answer without ever leaving this turn of the event loop, and there may be thousands.
        await setImmediate()
      }
    },
  }
}

async function isReplaced({ certificates }: Pick<Store, 'certificates'>, mine: CertificateRow, at: Time) {
  const others = await certificates.active(mine.holderId, at)
  return others.some(other => other.state === 'issued' && endOf(other) > endOf(mine))
}

function endOf({ notAfter, revokedAt }: CertificateRow): Time {
  return Math.min(notAfter, revokedAt ?? notAfter)
}
