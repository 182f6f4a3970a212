import { bundleBrowser } from '../../scripts/bundle-browser.ts'

/** The application reads it when it is loaded. */
export async function setup(): Promise<void> {
  await bundleBrowser()
}
