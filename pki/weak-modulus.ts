// The checks of https://pkg.go.dev/github.com/letsencrypt/boulder/goodkey on RSA moduli.

function primesBelow(end: number): readonly number[] {
  const candidates = Array.from({ length: end }, (_, i) => i).slice(2)
  return candidates.filter(n => candidates.every(d => d * d > n || n % d !== 0))
}

const SMALL_PRIMES = primesBelow(752)

function hasSmallFactor(modulus: bigint): boolean {
  return SMALL_PRIMES.some(prime => modulus % BigInt(prime) === 0n)
}

/** Where powers of 65537 end up, modulo a prime. */
function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power)
  return powers
}

// Nemec and others, "The Return of Coppersmith's Attack", 2017, section 2.2: Infineon's primes are k * M + 65537^a mod
// M, M the product of the first primes, so that the modulus is a power of 65537 modulo each of them. 2, and primes
// that every number is such a power of, tell nothing; of other moduli, one in 2^27 looks like that.
const FINGERPRINT = primesBelow(168)
  .filter(prime => prime > 2)
  .map(prime => ({ prime, powers: powersOf65537(prime) }))

function isRoca(modulus: bigint): boolean {
  return FINGERPRINT.every(({ prime, powers }) => powers.has(Number(modulus % BigInt(prime))))
}

/** The integer part of the square root, by Newton's method from above. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n
  let root = 1n << BigInt(Math.ceil(n.toString(16).length / 2) * 4)
  for (let next = root; ; next = (root + n / root) >> 1n) {
    if (next > root) return root
    if (next === root && root * root <= n) return root
    root = next
  }
}

// As many as boulder: random primes of the same length are further apart by hundreds of digits.
const FERMAT_ROUNDS = 110n

/** Fermat's method: n = a^2 - b^2 with a next to the root of n, when its two factors are close to each other. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = squareRoot(modulus)
  const first = root * root === modulus ? root : root + 1n
  for (let a = first; a < first + FERMAT_ROUNDS; a += 1n) {
    const square = a * a - modulus
    if (squareRoot(square) ** 2n === square) return true
  }
  return false
}

/** @returns why the factors of an RSA modulus can be found, or `undefined` when none of the known ways does */
export function findWeakness(modulus: bigint): string | undefined {
  if (hasSmallFactor(modulus)) return 'its modulus has a small factor'
  if (isRoca(modulus)) return 'it was made by a chip with a broken generator (ROCA, CVE-2017-15361)'
  if (hasCloseFactors(modulus)) return 'the factors of its modulus are too close to each other'
  return undefined
}
