import type { Request } from 'express'
import type { Pkcs12Profile } from '../../../pki/pkcs12-profile.ts'

/** Where certificates are imported in different ways; `firefox` has a store of its own, on every desktop. */
export const SYSTEMS = {
  windows: { name: 'Windows', profile: 'compatible' },
  macos: { name: 'macOS', profile: 'compatible' },
  linux: { name: 'Linux', profile: 'modern' },
  firefox: { name: 'Firefox', profile: 'modern' },
  ios: { name: 'iPhone and iPad', profile: 'compatible' },
  android: { name: 'Android', profile: 'compatible' },
} as const satisfies Record<string, { name: string; profile: Pkcs12Profile }>

export type System = keyof typeof SYSTEMS

// In this order: an iPhone calls itself "like Mac OS X", and Android is a Linux.
const BY_AGENT: readonly (readonly [RegExp, System])[] = [
  [/iPhone|iPad|iPod/, 'ios'],
  [/Android/, 'android'],
  [/Firefox\//, 'firefox'],
  [/Windows/, 'windows'],
  [/Macintosh|Mac OS X/, 'macos'],
  [/Linux|X11|CrOS/, 'linux'],
]

const BY_HINT: ReadonlyMap<string, System> = new Map([
  ['"Windows"', 'windows'],
  ['"macOS"', 'macos'],
  ['"Linux"', 'linux'],
  ['"Chrome OS"', 'linux'],
  ['"Android"', 'android'],
])

/** A guess, for what is shown first: whatever is wrong in it, the others are a click away. */
export function visitorSystem({ headers }: Pick<Request, 'headers'>): System {
  const hint = BY_HINT.get(String(headers['sec-ch-ua-platform']))
  const agent = headers['user-agent'] ?? ''
  return hint ?? BY_AGENT.find(([pattern]) => pattern.test(agent))?.[1] ?? 'windows'
}

export function isSystem(text: unknown): text is System {
  return typeof text === 'string' && Object.hasOwn(SYSTEMS, text)
}
