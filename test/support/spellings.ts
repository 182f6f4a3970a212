// RFC 9110 section 5.6.2: every token character that is neither letter nor digit.
const SEPARATORS = [..."-_.!#$%&'*+^`|~"]

/** Every way to write a header name that some back end takes for the same, by name of the way. */
export const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  lower: name => name.toLowerCase(),
  upper: name => name.toUpperCase(),
  mixed: name => [...name].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join(''),
  'upper with underscores': name => name.toUpperCase().replaceAll('-', '_'),
  'first an underscore': name => name.replace('-', '_'),
  'last an underscore': name => name.replace(/-(?=[^-]*$)/, '_'),
  'underscore and dot by turns': name => {
    let i = 0
    return name.replaceAll('-', () => (i++ % 2 ? '.' : '_'))
  },
  ...Object.fromEntries(SEPARATORS.map(c => [`with ${c}`, (name: string) => name.replaceAll('-', () => c)])),
}
