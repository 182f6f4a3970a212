import unhomoglyph from 'unhomoglyph'

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu
const ASCII = /^[\x21-\x7e]+$/
const LETTERS_OR_DIGITS = /^[A-Za-z0-9]+$/

/** Character by character: a whole word would end in another sigma than it has inside. */
function mapCharacters(text: string, map: (character: string) => string): string {
  return Array.from(text, map).join('')
}

/** Upper case in between, because the sharp s and others have more letters there. */
function foldCase(text: string): string {
  return mapCharacters(text, character => character.toLowerCase().toUpperCase().toLowerCase())
}

function upperCase(text: string): string {
  return mapCharacters(text, character => character.toUpperCase())
}

/** UTS #39 section 4, internalSkeleton; the data are Unicode's confusables.txt. */
function skeleton(text: string): string {
  return unhomoglyph(text.normalize('NFD').replace(INVISIBLE, '')).normalize('NFD')
}

/**
 * Cyrillic and Greek capitals look like Latin ones (В, Η, Τ) when their small letters do not. Where those look like
 * other Latin letters (ν like v, Ν like N), the capital counts: whole names can be written in capitals.
 */
function latinCapital(character: string): string {
  if (ASCII.test(character)) return character
  const capital = skeleton(character.toUpperCase())
  return LETTERS_OR_DIGITS.test(capital) ? capital : character
}

/** Small letters first, because m looks like rn, then capitals, because I looks like l. */
function mergeOnce(text: string): string {
  const latin = mapCharacters(foldCase(text.normalize('NFKC')).normalize('NFD'), latinCapital)
  return foldCase(skeleton(upperCase(skeleton(foldCase(latin)))))
}

// Of all characters of Unicode 17 none takes more than 3 rounds.
const MAX_ROUNDS = 8

/** One text for all texts that look alike to a person, upper and lower case being the same. Not for showing. */
export function mergeLookAlikes(text: string): string {
  let merged = mergeOnce(text)
  for (let round = 1; round < MAX_ROUNDS; round++) {
    const next = mergeOnce(merged)
    if (next === merged) break
    merged = next
  }
  return merged
}
