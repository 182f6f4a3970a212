import { expect, vi } from 'vitest'

// Our own choice: two long polls, so that only what never comes is given up.
export const PATIENCE = { timeout: 20_000, interval: 50 }

/** Asks until the answer is the expected one. Unlike `expect.poll`, also in hooks and in tests that run at once. */
export async function eventually(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  await vi.waitFor(async () => expect(await read()).toEqual(expected), PATIENCE)
}
