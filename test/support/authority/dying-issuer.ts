// A program that issues on a store and kills itself at one step, as a power failure would: node dying-issuer.ts JSON
// It prints each decision that the store has for good, and "done" if it lives that long.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openAuthority } from '../../../app/authority/authority.ts'
import { ITSELF } from '../../../app/authority/caller.ts'
import type { AuthorityContext } from '../../../app/authority/decide.ts'
import { POLICIES } from '../../../app/authority/policy.ts'
import { enrolmentOf } from '../../../app/config-enrolment.ts'
import { createPost } from '../../../app/mail/post.ts'
import { openStore } from '../../../app/store/open-store.ts'
import type { Store } from '../../../app/store/store.ts'
import { parseCertificate } from '../../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../../pki/pem.ts'

export type Step =
  | 'before-record'
  | 'in-record'
  | 'after-record'
  | 'after-sign'
  | 'in-complete'
  | 'after-complete'

export interface Death {
  readonly url: string
  readonly caCertificate: string
  readonly caKey: string
  readonly step: Step
  readonly task:
    | { readonly issue: { readonly commonName: string; readonly csr?: string } }
    | { readonly approve: { readonly id: string; readonly sha256: string } }
    | { readonly collect: { readonly id: string } }
}

const { url, caCertificate, caKey, step, task }: Death = JSON.parse(process.argv[2] ?? '')
const now = () => new Date()

function dieAt(here: Step): void {
  if (here === step) process.kill(process.pid, 'SIGKILL')
}

/** The transactions of issuing are the one that records and the one that completes. */
function dying(store: Store): Store {
  let count = 0
  return {
    ...store,
    async transaction(work) {
      count += 1
      const isRecord = count === 1
      dieAt(isRecord ? 'before-record' : 'after-sign')
      const result = await store.transaction(async within => {
        const done = await work(within)
        dieAt(isRecord ? 'in-record' : 'in-complete')
        return done
      })
      dieAt(isRecord ? 'after-record' : 'after-complete')
      return result
    },
  }
}

const store = await openStore({ url, now })
const certificate = parseCertificate(decodeCertificatePem(caCertificate))
const privateKey: KeyObject = createPrivateKey(caKey)
const context: AuthorityContext = {
  store: dying(store),
  issuer: certificate,
  signer: { certificate, privateKey },
  rules: enrolmentOf({}).rules,
  policy: POLICIES.sign,
  post: createPost({ now }),
  publish({ record }) {
    const { event, serial } = JSON.parse(record)
    writeSync(1, `${event} ${serial}\n`)
  },
  now,
}
const authority = openAuthority(context)
if ('issue' in task)
  await authority.issue(ITSELF, { ...task.issue, email: 'ada@example.org', pkcs12: 'modern' })
else if ('approve' in task) await authority.approve(ITSELF, task.approve)
else await authority.collect(ITSELF, { ...task.collect, pkcs12: 'modern' })
writeSync(1, 'done\n')
