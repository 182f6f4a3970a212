import entries from 'entries.js'
import fs from 'fs'
import signedList from 'signed-list.js'

// Our own choice: a file of more is replaced by one whole list.
const MOST_PARTS = 1000

/** A list that the application keeps for proxies: `revoked` certificates, or `ended` sessions. */
function listOf(name) {
  const zone = ngx.shared[name]
  return { name, file: `/var/lib/gatehouse/${name}`, zone, state: ngx.shared[`${name}_state`] }
}

/** `{ generation, entries, parts }`: what is in force, and of how many answers the file is; undefined without a list. */
function known(list) {
  const text = list.state.get('list')
  return text && JSON.parse(text)
}

function remember(list, known) {
  list.state.set('list', JSON.stringify(known))
}

/** The generation to ask after: 0 asks for the whole list. */
function after(list) {
  const now = known(list)
  return now && now.parts <= MOST_PARTS ? now.generation : 0
}

/** Takes the answer to `{ after, nonce }`; gives whether it brought anything. */
async function take(list, text, question, secret) {
  const change = await signedList.read(text, list.name, secret)
  if (change.nonce !== question.nonce || change.from !== question.after)
    throw Error('it answers another question')
  const before = known(list)
  if (before && change.to < before.generation) throw Error('it is older than what is known')
  if (before && change.to === change.from) return false
  const count = await entries.apply(list.zone, change, before ? before.entries : 0)
  if (list.name === 'ended') ngx.shared.tokens.clear()
  // Should the file not be written, the next list is a whole one, which replaces it.
  let parts = MOST_PARTS + 1
  try {
    if (change.from === 0) replaceFile(list, text)
    else fs.appendFileSync(list.file, text, { flag: 'as' })
    parts = change.from === 0 ? 1 : before.parts + 1
  } catch (error) {
    throw Error(`${list.file} cannot be written: ${error.message}`)
  } finally {
    remember(list, { generation: change.to, entries: count, parts })
  }
  return true
}

/** Begins with what the file has, up to the first part that is wrong; gives words about it, if there is anything. */
async function restore(list, secret) {
  const now = { generation: 0, entries: 0, parts: 0 }
  let text = ''
  let at = 0
  let fault = ''
  try {
    if (fs.existsSync(list.file)) text = fs.readFileSync(list.file, 'utf8')
    while (at < text.length) {
      const end = signedList.endOf(text, at)
      const part = await signedList.read(text.slice(at, end), list.name, secret)
      if (part.from !== now.generation) throw Error('it does not follow')
      now.entries = await entries.apply(list.zone, part, now.entries)
      now.generation = part.to
      now.parts += 1
      at = end
    }
  } catch (error) {
    fault = `; part ${now.parts + 1} and what follows are thrown away: ${error.message}`
    replaceFile(list, text.slice(0, at))
  }
  if (now.parts > 0) remember(list, now)
  return text || fault ? `read from ${list.file}${fault}` : ''
}

/** njs has no fsync: after opening with `as`, each write waits for the disk. */
function replaceFile(list, text) {
  fs.writeFileSync(`${list.file}.new`, text, { flag: 'as' })
  fs.renameSync(`${list.file}.new`, list.file)
}

export default { after, known, listOf, restore, take }
