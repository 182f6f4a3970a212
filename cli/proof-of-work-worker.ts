import { parentPort, workerData } from 'node:worker_threads'
import { nonceOf } from '../pki/proof-of-work.ts'
import { type Finding, isSolution, type Search } from './proof-of-work.ts'

// About ten reports a second on a slow machine.
const REPORT_EVERY = 20_000

function tell(finding: Finding): void {
  parentPort?.postMessage(finding)
}

function search({ challenge, difficulty, first, step }: Search): string {
  for (let counter = first, tried = 0; ; counter += step) {
    const nonce = nonceOf(counter)
    if (isSolution(challenge, nonce, difficulty)) return nonce
    tried += 1
    if (tried % REPORT_EVERY === 0) tell({ tried: REPORT_EVERY })
  }
}

tell({ nonce: search(workerData as Search) })
