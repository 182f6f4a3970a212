// Promise: the catcher's memory is bounded, by the oldest mails.
import { expect, it } from 'vitest'
import { createMailbox } from '../../../mail-catcher/mailbox.ts'

const MIB = 1024 * 1024

function makeMail(size: number) {
  const envelope = { from: '', to: [], subject: '', messageId: null, text: '', attachments: [] }
  return { ...envelope, receivedAt: new Date(0), size }
}

it.each([
  [10, 6, [7, 6, 5, 4, 3, 2]],
  [64, 1, [7]],
  [1, 7, [7, 6, 5, 4, 3, 2, 1]],
])('of seven mails of %i MiB keeps the last %i', (size, _, ids) => {
  const mailbox = createMailbox()
  for (let count = 0; count < 7; count += 1) mailbox.add(makeMail(size * MIB))
  expect(mailbox.list().map(({ id }) => id)).toEqual(ids)
  expect(mailbox.find(7)?.id).toBe(7)
})

it('gives no number twice', () => {
  const mailbox = createMailbox()
  mailbox.add(makeMail(1))
  mailbox.clear()
  mailbox.add(makeMail(1))
  expect(mailbox.list().map(({ id }) => id)).toEqual([2])
  expect(mailbox.find(1)).toBeUndefined()
})
