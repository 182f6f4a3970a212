// Nobody but a proxy reads the list of what is revoked: to clients its address does not exist, whatever they send with it.
import { readFileSync } from 'node:fs'
import { beforeAll, expect, inject, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { quietly } from '../../scripts/quietly.ts'
import { type Ask, ask, HOST, person, sendRaw } from '../support/ask.ts'
import { describeAtOnce } from '../support/at-once.ts'
import { proxies } from '../support/fronts.ts'
import { publish } from '../support/list-control.ts'
import { SPELLINGS } from '../support/spellings.ts'
import { useStack } from '../support/stack.ts'

const SECRET = readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8').trim()
const QUERY = '?after=0&nonce=0123456789abcdefghij&wait=0&proxy=nginx'
const PATHS = ['/pki/revoked', '/app/pki/revoked', '//pki/revoked', '/pki/./revoked', '/x/../pki/revoked']
  .concat(
    '/pki/revoke%64',
    '/pki%2frevoked',
    '/PKI/revoked',
    '/pki/revoked/',
    '/app/../pki/revoked',
    '/pki/revoked;x',
  )
  .map(path => path + QUERY)

const SAID: readonly (readonly [name: string, value: string])[] = [
  [HEADER.proxySecret, SECRET],
  [HEADER.verify, 'NONE'],
]
/** What makes a server drop the header by which the application knows a client's request. */
const WITHOUT_VIA: Readonly<Record<string, readonly string[]>> = {
  'named hop-by-hop': ['Connection: close, Via', 'Connection: Via'],
  'named hop-by-hop in other cases': ['Connection: close,VIA', 'Connection: via'],
  'named hop-by-hop with all of the contract': [`Connection: close, ${Object.values(HEADER).join(', ')}`],
  empty: ['Via:', 'Connection: close'],
  'empty twice': ['Via: ', 'via:', 'Connection: close'],
  'of a proxy for its list': ['Via: 1.0 localhost', 'Connection: close'],
}

describeAtOnce('$name', proxies, proxy => {
  const stack = useStack(proxy, { backend: 'list' })
  beforeAll(() => publish(stack(), { fill: 3 }))
  const isNoList = (answer: string) => expect(answer).not.toMatch(/gatehouse-revoked|899621A74490FD22/)

  it.each(PATHS)('gives nothing away at %s', async path => {
    const asked: Ask[] = [{}, { as: person('admin') }, { headers: SAID }]
    for (const wish of asked)
      for (const http of [1, 2] as const) {
        const { status, body } = await ask(stack(), { ...wish, path, http })
        isNoList(body)
        if (path === PATHS[0]) expect(status).toBe(404)
      }
  })

  it.each(Object.entries(WITHOUT_VIA))('gives nothing away when Via is %s', async (_, lines) => {
    const said = SAID.map(([name, value]) => `${name}: ${value}`)
    for (const target of [PATHS[0], `https://${HOST}${PATHS[0]}`, `http://127.0.0.1:8081${PATHS[0]}`]) {
      const request = [`GET ${target} HTTP/1.1`, `Host: ${HOST}`, ...said, ...lines, '', '']
      isNoList(await sendRaw(stack(), request.join('\r\n')))
    }
  })

  it.each(Object.entries(SPELLINGS))(
    'gives nothing away to headers of other spellings: %s',
    async (_, spell) => {
      const headers = [...SAID, ['Via', ''] as const].map(([name, value]) => [spell(name), value] as const)
      const { body } = await ask(stack(), { path: PATHS[0] ?? '', headers })
      isNoList(body)
    },
  )

  it('listens for others at one port only', async () => {
    const { stdout } = await quietly`docker exec ${stack().container} cat /proc/net/tcp /proc/net/tcp6`
    // Of the columns of proc_pid_net(5): the local address, and 0A, which is LISTEN.
    const open = [...stdout.matchAll(/^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A /gm)]
    const isLoopback = (address = '') => /^.{6}7F$|^0{24}0100007F$|^0{24}01000000$/.test(address)
    const ports = open
      .filter(([, address]) => !isLoopback(address))
      .map(([, , port = '']) => parseInt(port, 16))
    expect([...new Set(ports)]).toEqual([8443])
  })
})
