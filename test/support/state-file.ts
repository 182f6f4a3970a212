import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { containerOwner } from '../../scripts/compose-env.ts'
import { temporaryFolder } from './lab.ts'
import { type Change, type ListName, right } from './list-answers.ts'

const NONCE = '0123456789abcdefghijklmnop'

function proxySecret(): string {
  return readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8').trim()
}

/** An answer of the authority, as it is kept. */
export function part(change: Omit<Change, 'list' | 'nonce'>, key = proxySecret()): string {
  return right({ change: { list: 'revoked', nonce: NONCE, ...change }, key, earlier: '' })
}

/** Where a proxy keeps what it knows of a list: a folder to be mounted, and the list's file in it. */
export class StateFile implements Disposable {
  readonly #folder: Disposable & { readonly path: string }
  readonly #owner = containerOwner()
  readonly #list: ListName

  /** @param folder of another one, which disposes of it; left out, it is made */
  constructor(list: ListName = 'revoked', folder?: string) {
    this.#list = list
    this.#folder = folder ? { path: folder, [Symbol.dispose]: () => undefined } : temporaryFolder()
    chownSync(this.folder, this.#owner.uid, this.#owner.gid)
  }

  get folder(): string {
    return this.#folder.path
  }

  get path(): string {
    return join(this.folder, this.#list)
  }

  read(): string {
    return readFileSync(this.path, 'latin1')
  }

  /** As the proxy would have written it. */
  write(text: string): void {
    writeFileSync(this.path, text, 'latin1')
    chownSync(this.path, this.#owner.uid, this.#owner.gid)
  }

  /** The answers in it, each verified: [from, to]. */
  parts(): readonly (readonly [from: number, to: number])[] {
    return this.read()
      .split(/(?<=\nhmac .*\n)/)
      .map(text => {
        const [, nonce = '', from, to, ...lines] = text
          .split('\n')
          .map(line => line.replace(/^(nonce|from|to) /, ''))
        const change: Change = {
          list: this.#list,
          nonce,
          from: Number(from),
          to: Number(to),
          lines: lines.slice(0, -2),
        }
        if (right({ change, key: proxySecret(), earlier: '' }) !== text)
          throw new Error(`This is no answer of the authority:\n${text.slice(0, 500)}`)
        return [change.from, change.to] as const
      })
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}
