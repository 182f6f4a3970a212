import { describe } from 'vitest'

/**
 * A block for each row, all at the same time, for tests that mostly wait; the tests of one block run one after the
 * other, as they do elsewhere.
 */
export function describeAtOnce<Row extends object>(
  title: string,
  rows: readonly Row[],
  block: (row: Row) => void,
): void {
  describe.concurrent.each(rows)(title, row => {
    describe('one after the other', { concurrent: false }, () => block(row))
  })
}
