import fs from 'fs'
import lists from 'list.js'

// Our own listener: it knows the way to the application, and the secret.
const SELF = 'http://127.0.0.1:8081'
const ADDRESSES = { revoked: '/pki/revoked', ended: '/_auth/ended' }
const WAIT_S = 10
const PATIENCE_MS = 15000
const PAUSE_MS = 1000
// Our own choice: longer than any poll takes with what comes of it.
const LOST_MS = 30000

async function followRevoked(session) {
  if (session.variables.revocation === 'list') await follow('revoked')
}

async function followEnded(session) {
  if (session.variables.gate === 'on') await follow('ended')
}

/** Polls for ever. Each poll is a request of its own, since njs gives memory back at the end of one only. */
async function follow(name) {
  endWhen(isWorkerEnding)
  for (;;) {
    const status = await ngx.fetch(`${SELF}/poll/${name}`).then(reply => reply.status, String)
    // The last poll of a run that nginx has ended may go on: then soon.
    if (status !== 200) await pause(status === 409 ? PAUSE_MS / 10 : PAUSE_MS)
  }
}

function pause(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}

/** A worker that is to end waits for what is under way, and a poll always is. Only its title tells a script. */
function isWorkerEnding() {
  return fs.readFileSync('/proc/self/cmdline', 'utf8').includes('shutting down')
}

let watch

/** Ends this run or request with all that it waits for: njs has no other way than an exception, and a timer after it. */
function endWhen(isVain) {
  watch = setTimeout(() => {
    if (!isVain()) return endWhen(isVain)
    setTimeout(() => {}, 0)
    throw Error('given up')
  }, 500)
}

/** `GET /poll/NAME`: one at a time for each list, whichever worker it is in. */
async function poll(r) {
  const list = lists.listOf(r.uri.split('/')[2])
  if (!begin(list)) return r.return(409)
  const isGood = await attempt(r, list)
  end(list)
  r.return(isGood ? 200 : 503, 'done\n')
}

function begin(list) {
  if (Number(list.state.get('end')) < Date.now()) list.state.delete('end')
  return list.state.add('end', String(Date.now() + LOST_MS))
}

function end(list) {
  list.state.delete('end')
}

/** The first one begins with what is in the file; all others ask for what has changed. */
async function attempt(r, list) {
  const secret = r.variables.proxy_secret
  // What it means if the next line fails.
  let state = 'away'
  try {
    if (list.state.add('is-restored', 'yes')) {
      const found = await lists.restore(list, secret)
      if (found) settle(r, list, state, found)
      return true
    }
    const question = { after: lists.after(list), nonce: nonce() }
    const reply = await ask(r, list, question)
    if (reply.status < 500) state = 'refused'
    if (reply.status !== 200) throw Error(`the application answers ${reply.status}`)
    const text = await reply.text()
    const isNews = await lists.take(list, text, question, secret)
    settle(r, list, 'current', undefined, isNews)
    return true
  } catch (error) {
    settle(r, list, state, error.message)
    return false
  }
}

function nonce() {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
}

async function ask(r, list, question) {
  // Who was away wants to know it at once, even if there is nothing new.
  const wait = list.state.get('state') === 'current' ? WAIT_S : 0
  const query = `after=${question.after}&nonce=${question.nonce}&wait=${wait}&proxy=nginx`
  const late = Date.now() + PATIENCE_MS
  endWhen(() => {
    const isLate = Date.now() > late
    if (isLate) settle(r, list, 'away', 'no answer in time')
    if (!isLate && !isWorkerEnding()) return false
    end(list)
    return true
  })
  try {
    return await ngx.fetch(`${SELF}${ADDRESSES[list.name]}?${query}`)
  } finally {
    clearTimeout(watch)
  }
}

/** Keeps the state for the health check; what is new goes to the log of the request. */
function settle(r, list, state, reason, isNews) {
  if (state === list.state.get('state') && !isNews) return
  const time = new Date().toISOString().replace(/\.\d+/, '')
  list.state.set('state', state)
  if (state === 'current') list.state.delete('since')
  else list.state.add('since', time)
  const known = lists.known(list) || { generation: 0, entries: 0 }
  const generation = known.generation
  const entries = known.entries
  const line = { time, proxy: 'nginx', kind: 'list', list: list.name, state, generation, entries, reason }
  r.variables.list_news = JSON.stringify(line)
}

function health(r) {
  const stale = []
  if (r.variables.revocation === 'list' && !isHealthy('revoked', 'revocation list', stale))
    return none(r, 'revocation list')
  if (r.variables.gate === 'on' && !isHealthy('ended', 'list of ended sessions', stale))
    return none(r, 'list of ended sessions')
  r.return(200, `${['ok'].concat(stale).join(', ')}\n`)
}

/** Whether there is a list; one that is stale is added to those that are. */
function isHealthy(name, title, stale) {
  const list = lists.listOf(name)
  const since = list.state.get('since')
  if (since) stale.push(`${title} stale since ${since}`)
  return lists.known(list) !== undefined
}

function none(r, title) {
  r.return(503, `no ${title} yet\n`)
}

export default { followEnded, followRevoked, health, poll }
