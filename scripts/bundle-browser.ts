import { join } from 'node:path'
import { build } from 'rolldown'

const ROOT = join(import.meta.dirname, '..')

/**
 * What the visitor's browser runs, in one file, so that one digest covers all of it. The same sources and the same
 * package-lock.json make the same octets.
 */
export async function bundleBrowser(file = join(ROOT, 'app/browser/built/enrolment.js')): Promise<void> {
  await build({
    input: join(ROOT, 'app/browser/enrolment-page.ts'),
    cwd: ROOT,
    platform: 'browser',
    // Of the type checker: an image is built without.
    tsconfig: false,
    // The package as a whole is twice as much; enrolment-page.ts names the parts.
    resolve: { alias: { 'node-forge$': 'node-forge/lib/forge.js' } },
    output: { file, format: 'es', minify: true },
    logLevel: 'warn',
  })
}

if (import.meta.main) await bundleBrowser()
