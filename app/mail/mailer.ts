import type { Logger } from '../logger.ts'
import type { Mail, Store, Time } from '../store/store.ts'
import { createDeliver, type Failure } from './delivery.ts'
import type { MailFrom } from './mail-from.ts'
import type { SmtpServer } from './smtp-url.ts'

export interface MailerOptions {
  readonly store: Pick<Store, 'outbox'>
  readonly smtp: SmtpServer
  readonly from: MailFrom
  readonly logger: Logger
  readonly now: () => Date
}

export interface Mailer {
  start(): void
  /** There may be something due. Resolves when nothing is, or the server is away. Never rejects. */
  wake(): Promise<void>
  /** Takes up no other mail, and waits for the one under way, though not for ever. */
  stop(): Promise<void>
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

// Our own choice: what no `wake` has told of is a retry, or another process's.
const LOOK_MS = 5 * SECOND_MS
const BACK_OFF_MS = { first: MINUTE_MS, most: 6 * HOUR_MS }
// RFC 5321 section 4.5.4.1: four or five days at least.
const GIVE_UP_MS = 5 * 24 * HOUR_MS
// A mail must be sent, or cut off, before another process may claim it.
const SEND_MS = 3 * MINUTE_MS
const CLAIM_MS = 10 * MINUTE_MS
// Below the time that the requests under way are given (app/main.ts).
const STOP_MS = 5 * SECOND_MS
/** The last moment that a Date can have: a mail that is given up stays in the outbox, with its error. */
const NEVER: Time = 8_640_000_000_000_000

/** Sends what is in the outbox, at least once each, one after the other. */
export function createMailer({ store, smtp, from, logger, now }: MailerOptions): Mailer {
  const deliver = createDeliver(smtp, from)
  const log = logger.child({ kind: 'mail' })
  const cut = new AbortController()
  const sum = { sent: 0, failed: 0 }
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> | undefined
  let isAskedAgain = false
  let isStopped = false

  /** @returns whether another mail may be tried now */
  async function attempt(mail: Mail): Promise<boolean> {
    const failure = await deliver(mail, AbortSignal.any([cut.signal, AbortSignal.timeout(SEND_MS)]))
    const at = now().getTime()
    const of = { id: mail.id, key: mail.key, attempt: mail.attempts + 1 }
    if (failure === undefined) {
      await store.outbox.sent(mail.id, at)
      sum.sent += 1
      log.info({ ...of, outcome: 'sent', sum })
      return true
    }
    const nextAttemptAt = retryAt(mail, failure, at)
    await store.outbox.failed(mail.id, { error: failure.error, nextAttemptAt })
    const outcome = nextAttemptAt === NEVER ? 'given up' : 'failed'
    sum.failed += 1
    log.warn({ ...of, outcome, code: failure.code, sum })
    return failure.what !== 'server'
  }

  async function sendDue(): Promise<void> {
    while (!isStopped) {
      const at = now().getTime()
      const [mail] = await store.outbox.claim({ now: at, claimUntil: at + CLAIM_MS, limit: 1 })
      if (mail === undefined || !(await attempt(mail))) return
    }
  }

  async function goRound(): Promise<void> {
    do {
      isAskedAgain = false
      // The store is away: the next look will see, and what was claimed is due again when the claim is over.
      await sendDue().catch(err => log.error({ outcome: 'interrupted', err }))
    } while (isAskedAgain && !isStopped)
    round = undefined
  }

  const wake = (): Promise<void> => {
    isAskedAgain = true
    round ??= isStopped ? undefined : goRound()
    return round ?? Promise.resolve()
  }
  return {
    start() {
      timer ??= setInterval(wake, LOOK_MS)
      void wake()
    },
    wake,
    async stop() {
      isStopped = true
      clearInterval(timer)
      const cutting = setTimeout(() => cut.abort(), STOP_MS)
      await round
      clearTimeout(cutting)
    },
  }
}

function retryAt(mail: Mail, failure: Failure, at: Time): Time {
  if (failure.what === 'mail' || at - mail.createdAt >= GIVE_UP_MS) return NEVER
  return at + Math.min(BACK_OFF_MS.first * 2 ** mail.attempts, BACK_OFF_MS.most)
}
