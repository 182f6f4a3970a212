const KIBIBYTE = 1024
const MEBIBYTE = 1024 * 1024

/** Octets, as a person says it. */
export function sizeText(octets: number): string {
  if (octets < KIBIBYTE) return `${octets} B`
  return octets < MEBIBYTE ? `${(octets / KIBIBYTE).toFixed(1)} KiB` : `${(octets / MEBIBYTE).toFixed(1)} MiB`
}
