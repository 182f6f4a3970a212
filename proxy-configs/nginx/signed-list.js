import hash from 'crypto'

// `hmac `, 64 digits, LF.
const SEAL_LENGTH = 70
const HEAD = /^gatehouse-([a-z]+) 1\nnonce ([0-9A-Za-z]{16,64})\nfrom ([0-9]{1,15})\nto ([0-9]{1,15})\n/
// Alone, `$` would let an empty line pass at the end.
const CHANGES = /^(?:[+-](?:[0-9A-F]{2}){1,20}\n)*$(?!\n)/
// Takes about 2 ms; in between, the worker serves others.
const SLICE_LENGTH = 16384

/** One answer of the application about a list, as `{ nonce, from, to, changes }`, if all of it is what it should be. */
async function read(text, name, secret) {
  const head = HEAD.exec(text.slice(0, 256))
  if (!head || head[1] !== name) throw Error('it is no such list')
  const signed = text.slice(0, -SEAL_LENGTH)
  const hmac = hash.createHmac('sha256', secret).update(signed).digest('hex')
  if (!isEqual(text.slice(-SEAL_LENGTH), `hmac ${hmac}\n`)) throw Error('its hmac is wrong')
  const list = {
    nonce: head[2],
    from: Number(head[3]),
    to: Number(head[4]),
    changes: signed.slice(head[0].length),
  }
  await inSlices(list.changes, slice => {
    if (!CHANGES.test(slice)) throw Error('it has a line that is no change')
  })
  return list
}

/** In constant time. */
function isEqual(one, other) {
  let difference = one.length ^ other.length
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return difference === 0
}

/** Where the answer that begins at `start` ends, in a file of several. */
function endOf(text, start) {
  return text.indexOf('\nhmac ', start) + 1 + SEAL_LENGTH
}

/** Some lines at a time. */
async function inSlices(text, work) {
  for (let at = 0; at < text.length; ) {
    if (at > 0) await new Promise(resolve => setTimeout(resolve, 0))
    const end = text.indexOf('\n', at + SLICE_LENGTH) + 1 || text.length
    work(text.slice(at, end))
    at = end
  }
}

export default { endOf, inSlices, read }
