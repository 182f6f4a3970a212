import fs from 'fs'
import list from 'revocation-list.js'

// Our own listener: it knows the way to the application, and the secret.
const SELF = 'http://127.0.0.1:8081'
const WAIT_S = 10
const PATIENCE_MS = 15000
const PAUSE_MS = 1000
// Our own choice: longer than any poll takes with what comes of it.
const LOST_MS = 30000

/** Polls for ever. Each poll is a request of its own, since njs gives memory back at the end of one only. */
async function follow(session) {
  if (session.variables.revocation === 'none') return
  endWhen(isWorkerEnding)
  for (;;) {
    const status = await statusOf(`${SELF}/poll`)
    // The last poll of a run that nginx has ended may go on: then soon.
    if (status !== 200) await pause(status === 409 ? PAUSE_MS / 10 : PAUSE_MS)
  }
}

async function statusOf(address) {
  try {
    const reply = await ngx.fetch(address)
    return reply.status
  } catch (_error) {
    return 0
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

/** One at a time, whichever worker it is in; the first of all begins with what is in the file. */
async function poll(r) {
  if (!begin()) return r.return(409)
  let status = 200
  if (ngx.shared.revocation.add('is-restored', 'yes')) await restore(r)
  else status = await update(r)
  end()
  r.return(status, 'done\n')
}

function begin() {
  const zone = ngx.shared.revocation
  if (Number(zone.get('end')) < Date.now()) zone.delete('end')
  return zone.add('end', String(Date.now() + LOST_MS))
}

function end() {
  ngx.shared.revocation.delete('end')
}

async function restore(r) {
  try {
    const found = await list.restore(r.variables.proxy_secret)
    if (found) settle(r, 'away', found)
  } catch (error) {
    settle(r, 'away', error.message)
  }
}

async function update(r) {
  // What it means if the next line fails.
  let state = 'away'
  try {
    const question = { after: list.after(), nonce: nonce() }
    const reply = await ask(r, question)
    if (reply.status < 500) state = 'refused'
    if (reply.status !== 200) throw Error(`the application answers ${reply.status}`)
    const text = await reply.text()
    const isNews = await list.take(text, question, r.variables.proxy_secret)
    settle(r, 'current', undefined, isNews)
    return 200
  } catch (error) {
    settle(r, state, error.message)
    return 503
  }
}

function nonce() {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
}

async function ask(r, question) {
  // Who was away wants to know it at once, even if there is nothing new.
  const wait = ngx.shared.revocation.get('state') === 'current' ? WAIT_S : 0
  const query = `after=${question.after}&nonce=${question.nonce}&wait=${wait}&proxy=nginx`
  const late = Date.now() + PATIENCE_MS
  endWhen(() => {
    const isLate = Date.now() > late
    if (isLate) settle(r, 'away', 'no answer in time')
    if (!isLate && !isWorkerEnding()) return false
    end()
    return true
  })
  try {
    return await ngx.fetch(`${SELF}/pki/revoked?${query}`)
  } finally {
    clearTimeout(watch)
  }
}

/** Keeps the state for the health check; what is new goes to the log of the request. */
function settle(r, state, reason, isNews) {
  const zone = ngx.shared.revocation
  if (state === zone.get('state') && !isNews) return
  const time = new Date().toISOString().replace(/\.\d+/, '')
  zone.set('state', state)
  if (state === 'current') zone.delete('since')
  else zone.add('since', time)
  const known = list.known() || { generation: 0, entries: 0 }
  const generation = known.generation
  const entries = known.entries
  const line = { time, proxy: 'nginx', kind: 'revocation-list', state, generation, entries, reason }
  r.variables.revocation_news = JSON.stringify(line)
}

function health(r) {
  const since = ngx.shared.revocation.get('since')
  if (!list.known()) r.return(503, 'no revocation list yet\n')
  else r.return(200, since ? `ok, revocation list stale since ${since}\n` : 'ok\n')
}

export default { follow, health, poll }
