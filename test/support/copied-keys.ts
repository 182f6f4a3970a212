import { inject } from 'vitest'
import { run, temporaryFolder } from './lab.ts'

/** The key set, for tests that change it; owners and modes as they are, because the containers are nobody. */
export function copiedKeys(): Disposable & { readonly path: string } {
  const folder = temporaryFolder()
  run('cp', '-a', `${inject('keys')}/.`, folder.path)
  return folder
}
