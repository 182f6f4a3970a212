import fs from 'fs'
import revokedSerials from 'revoked-serials.js'
import signedList from 'signed-list.js'

const FILE = '/var/lib/gatehouse/revoked'
// Our own choice: a file of more is replaced by one whole list.
const MOST_PARTS = 1000

/** `{ generation, entries, parts }`: what is being refused, and of how many answers the file is; undefined without a list. */
function known() {
  const text = ngx.shared.revocation.get('list')
  return text && JSON.parse(text)
}

function remember(list) {
  ngx.shared.revocation.set('list', JSON.stringify(list))
}

/** The generation to ask after: 0 asks for the whole list. */
function after() {
  const list = known()
  return list && list.parts <= MOST_PARTS ? list.generation : 0
}

/** Takes the answer to `{ after, nonce }`; gives whether it brought anything. */
async function take(text, question, secret) {
  const list = await signedList.read(text, secret)
  if (list.nonce !== question.nonce || list.from !== question.after)
    throw Error('it answers another question')
  const before = known()
  if (before && list.to < before.generation) throw Error('it is older than what is known')
  if (before && list.to === list.from) return false
  const entries = await revokedSerials.apply(list, before ? before.entries : 0)
  // Should the file not be written, the next list is a whole one, which replaces it.
  let parts = MOST_PARTS + 1
  try {
    if (list.from === 0) replaceFile(text)
    else fs.appendFileSync(FILE, text, { flag: 'as' })
    parts = list.from === 0 ? 1 : before.parts + 1
  } catch (error) {
    throw Error(`${FILE} cannot be written: ${error.message}`)
  } finally {
    remember({ generation: list.to, entries, parts })
  }
  return true
}

/** Begins with what the file has, up to the first part that is wrong; gives words about it, if there is anything. */
async function restore(secret) {
  const list = { generation: 0, entries: 0, parts: 0 }
  let text = ''
  let at = 0
  let fault = ''
  try {
    if (fs.existsSync(FILE)) text = fs.readFileSync(FILE, 'utf8')
    while (at < text.length) {
      const end = signedList.endOf(text, at)
      const part = await signedList.read(text.slice(at, end), secret)
      if (part.from !== list.generation) throw Error('it does not follow')
      list.entries = await revokedSerials.apply(part, list.entries)
      list.generation = part.to
      list.parts += 1
      at = end
    }
  } catch (error) {
    fault = `; part ${list.parts + 1} and what follows are thrown away: ${error.message}`
    replaceFile(text.slice(0, at))
  }
  if (list.parts > 0) remember(list)
  return text || fault ? `read from ${FILE}${fault}` : ''
}

/** njs has no fsync: after opening with `as`, each write waits for the disk. */
function replaceFile(text) {
  fs.writeFileSync(`${FILE}.new`, text, { flag: 'as' })
  fs.renameSync(`${FILE}.new`, FILE)
}

export default { after, known, restore, take }
