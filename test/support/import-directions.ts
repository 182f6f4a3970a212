import { readFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { glob } from 'zx'

/**
 * Which parts of the tree there are, and which others each may import; its own files it always may.
 * `folder/` is everything below, `folder/*` the files directly in it, anything else one file; the longest
 * fitting name wins. A folder that is not here is refused, so that a new one is a decision and not an accident.
 */
export type Directions = Readonly<Record<string, readonly string[]>>

/** The arrows of the house: the reason stands with each part that is kept apart. */
export const DIRECTIONS: Directions = {
  // The authority is a library for anybody: it knows nothing of ours.
  'pki/': [],
  // The contract is read by app, tests and audit alike, so it can depend on none of them.
  'proxy-configs/': [],
  // Usable in somebody else's Express application, so it takes nothing from the rest of ours.
  'app/identity/': ['pki/', 'proxy-configs/'],
  // Runs in the visitor's browser, so it speaks HTTP to the rest of ours.
  'app/browser/': ['pki/'],
  'app/*': ['pki/', 'proxy-configs/', 'app/identity/'],
  'app/store/': ['pki/', 'app/*'],
  'app/mail/': ['pki/', 'app/store/', 'app/*'],
  'app/authority/': ['pki/', 'app/identity/', 'app/store/', 'app/mail/', 'app/*'],
  'app/gate/': ['pki/', 'proxy-configs/', 'app/identity/', 'app/store/', 'app/authority/', 'app/*'],
  'app/pastes/': ['app/authority/', 'app/store/', 'app/identity/', 'app/*', 'pki/'],
  'app/web/': [
    'app/gate/',
    'app/pastes/',
    'app/authority/',
    'app/store/',
    'app/identity/',
    'app/*',
    'pki/',
    'proxy-configs/',
  ],
  'app/app.ts': [
    'app/web/',
    'app/gate/',
    'app/pastes/',
    'app/authority/',
    'app/store/',
    'app/identity/',
    'app/*',
  ],
  'app/server.ts': ['app/web/', 'app/*'],
  'app/main.ts': [
    'app/app.ts',
    'app/server.ts',
    'app/web/',
    'app/pastes/',
    'app/mail/',
    'app/gate/',
    'app/authority/',
    'app/store/',
    'app/identity/',
    'app/*',
    'pki/',
  ],
  // What an operator does to the store while the application runs: backup, restore, migrate.
  'app/operate.ts': ['app/store/', 'app/*', 'pki/'],
  // The user's command speaks HTTP to a server: it could be another product's.
  'cli/': ['pki/'],
  // A stand-in for a mail server, for whoever tries Gatehouse out.
  'mail-catcher/': [],
  // A stand-in for a service behind the gate, which knows nothing of it.
  'intranet/': [],
  'scripts/': ['pki/'],
  // Measures programs from outside, as their callers meet them; what they are given it has to make.
  'bench/': ['pki/', 'proxy-configs/'],
  // An example proves that the strategy can be used alone.
  'docs/examples/': ['app/identity/'],
  'test/': [
    'pki/',
    'proxy-configs/',
    'app/identity/',
    'app/*',
    'app/browser/',
    'app/store/',
    'app/authority/',
    'app/gate/',
    'app/mail/',
    'app/pastes/',
    'app/web/',
    'app/app.ts',
    'app/server.ts',
    'app/main.ts',
    'app/operate.ts',
    'cli/',
    'intranet/',
    'mail-catcher/',
    'scripts/',
    'docs/examples/',
  ],
  'vitest.config.ts': [],
}

/**
 * Reads the imports of all TypeScript files below `root` and answers one sentence for each that goes the
 * wrong way, cannot be followed, or belongs to no part.
 */
export async function wrongImports(root: string, directions: Directions): Promise<string[]> {
  const files = await glob('**/*.ts', { cwd: root, ignore: ['**/node_modules/**'] })
  const found = await Promise.all(
    files.sort().map(async file => {
      const part = partOf(file, directions)
      if (!part) return [`${file}: its folder is in no row of the table of directions`]
      const imports = importsOf(await readFile(join(root, file), 'utf8'))
      return imports.flatMap(specifier => judgeImport(file, part, specifier, directions))
    }),
  )
  return found.flat()
}

function judgeImport(file: string, part: string, specifier: string, directions: Directions): string[] {
  if (!specifier.startsWith('.') && !specifier.startsWith('/')) return []
  if (!/\.(ts|json)$/.test(specifier)) return [`${file}: ${specifier} does not end in .ts`]
  const target = posix.join(dirname(file), specifier)
  const targetPart = partOf(target, directions)
  const allowed = [part, ...(directions[part] ?? [])]
  return targetPart && allowed.includes(targetPart) ? [] : [`${file} must not import ${target}`]
}

function partOf(file: string, directions: Directions): string | undefined {
  return Object.keys(directions)
    .filter(name => fits(file, name))
    .sort((one, other) => other.length - one.length)[0]
}

function fits(file: string, name: string): boolean {
  if (name.endsWith('/*')) return dirname(file) === name.slice(0, -2)
  return name.endsWith('/') ? file.startsWith(name) : file === name
}

/** Static imports, re-exports, side-effect imports, and `import()` both of values and of types. */
export function importsOf(source: string): string[] {
  const patterns = [
    /^[ \t]*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"`]([^'"`]+)['"`]/g,
  ]
  return patterns.flatMap(pattern => [...source.matchAll(pattern)].map(match => match[1] ?? ''))
}
