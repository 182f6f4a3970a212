import {
  checkPrimeSync,
  createPrivateKey,
  createPublicKey,
  generatePrimeSync,
  type KeyObject,
  randomInt,
} from 'node:crypto'

const EXPONENT = 65537n

function base64url(n: bigint): string {
  const hex = n.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n]
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y]
  return ((x % modulus) + modulus) % modulus
}

export function publicRsa(modulus: bigint, exponent: bigint = EXPONENT): KeyObject {
  const key = { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) }
  return createPublicKey({ key, format: 'jwk' })
}

export function privateRsa(p: bigint, q: bigint): KeyObject {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n))
  const numbers = { n: p * q, e: EXPONENT, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const members = Object.entries(numbers).map(([name, value]) => [name, base64url(value)])
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(members) }, format: 'jwk' })
}

export function prime(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true })
}

/** The first prime from `start` on that has an exponent of 65537. */
export function primeFrom(start: bigint, step = 2n): bigint {
  let candidate = start | 1n
  while (!checkPrimeSync(candidate) || candidate % EXPONENT === 1n) candidate += step
  return candidate
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let [b, e] = [base % modulus, exponent]; e > 0n; [b, e] = [(b * b) % modulus, e >> 1n]) {
    if (e & 1n) result = (result * b) % modulus
  }
  return result
}

/** As Infineon's chips made them for 2048 bit: k * M + 65537^a mod M, M the product of the first 126 primes. */
export function rocaPrime(): bigint {
  const primes = Array.from({ length: 701 }, (_, i) => BigInt(i + 1)).filter(n => n > 1n && checkPrimeSync(n))
  const product = primes.reduce((all, each) => all * each, 1n)
  const remainder = power(EXPONENT, BigInt(randomInt(2 ** 40)), product)
  // The upper half of the primes of 1024 bit, so that two of them make 2048 bit.
  const least = (3n << 1022n) / product + BigInt(randomInt(2 ** 40))
  return primeFrom(least * product + remainder, product)
}
