export interface CaughtMail {
  /** From 1, in the order of arrival. */
  readonly id: number
  readonly receivedAt: Date
  /** Of the envelope; empty: the null sender. */
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly messageId: string | null
  readonly text: string
  readonly attachments: readonly {
    readonly filename: string
    readonly contentType: string
    readonly content: Buffer
  }[]
  readonly size: number
}

export interface Mailbox {
  add(mail: Omit<CaughtMail, 'id'>): void
  /** Newest first. */
  list(): readonly CaughtMail[]
  find(id: number): CaughtMail | undefined
  clear(): void
}

// Our own choices: enough to look at, and little enough to stay in memory.
const MOST_MAILS = 200
const MOST_OCTETS = 64 * 1024 * 1024

/** In memory: gone when the program ends. The oldest mails make room. */
export function createMailbox(): Mailbox {
  let mails: readonly CaughtMail[] = []
  let count = 0
  return {
    add(mail) {
      count += 1
      mails = newestThatFit([{ ...mail, id: count }, ...mails])
    },
    list: () => mails,
    find: id => mails.find(mail => mail.id === id),
    clear() {
      mails = []
    },
  }
}

function newestThatFit(mails: readonly CaughtMail[]): readonly CaughtMail[] {
  let octets = 0
  const fitting = mails.slice(0, MOST_MAILS).findIndex(mail => {
    octets += mail.size
    return octets > MOST_OCTETS
  })
  return mails.slice(0, fitting === -1 ? MOST_MAILS : fitting)
}
