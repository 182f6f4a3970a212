import type { ChangedFiles } from '../support/changed-files.ts'
import type { ProxyFront } from '../support/fronts.ts'

export type ProxyName = ProxyFront['name']

/** Files that are changed, and the proxies whose tests have to notice. */
export interface Target {
  readonly folder: string
  readonly files: readonly string[]
  readonly proxies: readonly ProxyName[]
  /** How the tests are told: with the folder, or with its only file. */
  readonly variable: ChangedFiles
}

export const TARGETS = {
  apache: {
    folder: 'proxy-configs/apache',
    files: [
      'httpd.conf',
      'strip.lua',
      'verify.lua',
      'refuse.lua',
      'refusal.lua',
      'gate.lua',
      'token.lua',
      'verified.lua',
      'listed.lua',
      'health.lua',
      'follow.lua',
      'ask.lua',
      'signed-list.lua',
      'state-file.lua',
      'names.lua',
    ],
    proxies: ['apache'],
    variable: 'GATEHOUSE_TEST_CONFIGURATION',
  },
  nginx: {
    folder: 'proxy-configs/nginx',
    files: [
      'nginx.conf',
      'refuse.conf',
      'strip-and-set.conf',
      'forward.conf',
      'gatehouse.js',
      'gate.js',
      'token.js',
      'header-value.js',
      'follow.js',
      'list.js',
      'entries.js',
      'signed-list.js',
    ],
    proxies: ['nginx'],
    variable: 'GATEHOUSE_TEST_CONFIGURATION',
  },
  haproxy: {
    folder: 'proxy-configs/haproxy',
    files: [
      'haproxy.cfg',
      'application.lua',
      'follow.lua',
      'follower.lua',
      'gate-cookie.lua',
      'journal.lua',
      'list.lua',
      'signed-change.lua',
    ],
    proxies: ['haproxy'],
    variable: 'GATEHOUSE_TEST_CONFIGURATION',
  },
  entrypoint: {
    folder: 'dockerfiles',
    files: ['entrypoint.sh'],
    // One that reads its environment, one that has to include it.
    proxies: ['apache', 'nginx'],
    variable: 'GATEHOUSE_TEST_ENTRYPOINT',
  },
} as const satisfies Readonly<Record<string, Target>>
export type TargetName = keyof typeof TARGETS
