import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'
import { echo } from 'zx'
import { parseGateKeys } from '../pki/gate-keys.ts'
import { GATE } from '../proxy-configs/gate-contract.ts'
import { keeping, type Target } from './askers.ts'
import { cpuFor } from './cpu-for.ts'
import { buildImages, type Keys, makeKeys, PROXIES, type ProxyName, startStack } from './docker-stack.ts'
import { median } from './median.ts'

// What the gate costs: CPU time of the proxy's container for the same request, with a token, through a proxy that has the
// gate and one that has not, by turns, because machines are noisy. Every answer is looked at. Needs Docker.

const { values } = parseArgs({
  options: {
    proxies: { type: 'string', default: PROXIES.join(',') },
    rounds: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
  },
})

// Issue #6: how much more a gated request may cost.
const LIMITS: Readonly<Record<ProxyName, number>> = { apache: 1.4, nginx: 1.25, haproxy: 1.25 }
const OPERATION = { name: 'request on an open connection', come: keeping, count: 2000 }

interface Result {
  readonly proxy: ProxyName
  /** Microseconds, medians. */
  readonly ungated: number
  readonly gated: number
  readonly ratio: number
}

/** As the application signs one. */
async function tokenOf({ folder }: Keys): Promise<string> {
  const { privateKeys } = parseGateKeys(readFileSync(join(folder, 'private/gate-keys.json'), 'utf8'))
  return await new SignJWT({ lvl: 'trusted' })
    .setProtectedHeader({ alg: 'ES256', kid: 'a', typ: 'JWT' })
    .setIssuer(GATE.issuer)
    .setAudience(GATE.audience)
    .setSubject('Grace Hopper')
    .setJti('0123456789ABCDEF'.repeat(2))
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKeys.a)
}

async function costOf(proxy: ProxyName, keys: Keys): Promise<Result> {
  await using without = await startStack(proxy, keys, 'list', 'off')
  await using withGate = await startStack(proxy, keys, 'list', 'on')
  const cookie = `${GATE.cookie}=${await tokenOf(keys)}`
  const ca = readFileSync(join(keys.folder, 'root.pem'), 'utf8')
  const targetOf = ({ port }: { readonly port: number }): Target => ({ port, ca, path: GATE.path, cookie })
  const contenders = [
    { stack: without, target: targetOf(without), used: [] as number[] },
    { stack: withGate, target: targetOf(withGate), used: [] as number[] },
  ] as const
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
      contender.used.push(await cpuFor(contender, OPERATION))
  const [ungated = 0, gated = 0] = contenders.map(({ used }) => median(used))
  return { proxy, ungated, gated, ratio: gated / ungated }
}

const proxies = PROXIES.filter(name => values.proxies.split(',').includes(name))
await buildImages(proxies)
await using keys = await makeKeys()
const results: Result[] = []
for (const proxy of proxies) {
  const result = await costOf(proxy, keys)
  results.push(result)
  const { ungated, gated, ratio } = result
  if (!values.json)
    echo(
      `${proxy.padEnd(8)} CPU µs for each request, median of ${values.rounds}: ${ungated.toFixed(0)} without the gate, ${gated.toFixed(0)} with it, ratio ${ratio.toFixed(3)} (at most ${LIMITS[proxy]})`,
    )
}
if (values.json) echo(JSON.stringify(results))
process.exitCode = results.every(({ proxy, ratio }) => ratio <= LIMITS[proxy]) ? 0 : 1
