import { hash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { leadingZeroBits } from '../pki/proof-of-work.ts'
import type { Challenge } from './answers.ts'
import { CliError } from './errors.ts'

/** What one worker searches: every `step`th number from `first` on. */
export interface Search {
  readonly challenge: string
  readonly difficulty: number
  readonly first: number
  readonly step: number
}

/** What a worker says: so many more were tried, or this is it. */
export type Finding = { readonly tried: number } | { readonly nonce: string }

// A thread makes about a million a second; 2^34 take hours on two cores, which is no registration any more.
const MOST_BITS = 34
const MOST_WORKERS = 16

/** SHA-256 of `challenge:nonce` in UTF-8 begins with `difficulty` zero bits. */
export function isSolution(challenge: string, nonce: string, difficulty: number): boolean {
  return leadingZeroBits(hash('sha256', `${challenge}:${nonce}`, 'buffer')) >= difficulty
}

export interface SolveOptions {
  readonly now: () => Date
  /** Called now and then with how many were tried, by all workers. */
  readonly onProgress?: (tried: number) => void
  readonly workers?: number
}

function assertFeasible(difficulty: number): void {
  if (difficulty <= MOST_BITS) return
  throw new CliError(
    'CHALLENGE_TOO_HARD',
    `The server asks for ${difficulty} bit of work, and more than ${MOST_BITS} take days. It may be under attack: try again later, or ask an administrator for a certificate.`,
  )
}

function startWorker(search: Search): Worker {
  return new Worker(new URL('./proof-of-work-worker.ts', import.meta.url), { workerData: search })
}

/**
 * Searches in threads until one finds a nonce; then, or when the time is over, all of them end.
 * @throws CliError CHALLENGE_TOO_HARD, CHALLENGE_EXPIRED
 */
export async function solveChallenge(
  { challenge, difficulty, expires_at }: Challenge,
  { now, onProgress = () => {}, workers = Math.min(availableParallelism(), MOST_WORKERS) }: SolveOptions,
): Promise<string> {
  assertFeasible(difficulty)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let tried = 0
  const searching = Array.from({ length: workers }, (_, first) =>
    startWorker({ challenge, difficulty, first, step: workers })
      .on('error', reject)
      .on('message', (finding: Finding) => {
        if ('nonce' in finding) return resolve(finding.nonce)
        tried += finding.tried
        onProgress(tried)
        if (now() >= new Date(expires_at)) reject(expired(difficulty))
      }),
  )
  try {
    return await promise
  } finally {
    await Promise.all(searching.map(worker => worker.terminate()))
  }
}

function expired(difficulty: number): CliError {
  return new CliError(
    'CHALLENGE_EXPIRED',
    `The challenge of ${difficulty} bit expired before it was solved. Try again: how long it takes is a matter of luck.`,
  )
}
