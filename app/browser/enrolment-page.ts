// Of node-forge only what is used here: the build leads every other import of it to these parts.
import 'node-forge/lib/pkcs12.js'
import type { SigningRequestWish } from '../../pki/encode-signing-request.ts'
import { generatePassphrase } from '../../pki/passphrase.ts'
import { parsePkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { encodeKeyFile, readKeyFile } from './key-file.ts'
import { isKeyKind, makeOwnKey, type OwnKey, readOwnKey } from './own-key.ts'
import { encodeOwnPkcs12, type Wrapping, whyNotPassphrase } from './own-pkcs12.ts'
import { byId, download, fieldOf, say, show } from './page-parts.ts'
import {
  type Certified,
  fetchClientCa,
  lookUp,
  register,
  type Site,
  SiteError,
  type Standing,
} from './site.ts'

/** Of the file that comes of it. */
interface Contents {
  readonly key: OwnKey
  readonly clientCa: Uint8Array
  readonly wrapping: Wrapping
}

// Our own choice: an administrator takes minutes.
const LOOK_AGAIN_MS = 15_000

const form = byId('own-key-form', HTMLFormElement)
const keyFileForm = byId('key-file-form', HTMLFormElement)
// The script is in assets/, directly below the root. Read now: a form has no fields while they are disabled.
const site: Site = { root: new URL('../', import.meta.url), csrf: fieldOf(form, 'csrf') }
// Whoever can have the better way sees that one first.
if (!document.querySelector('[role="alert"]')) byId('by-server', HTMLDetailsElement).open = false
// What was saved is not lost with the page.
let isUnsaved = false

function wrappingOf(of: HTMLFormElement): Wrapping {
  return { passphrase: fieldOf(of, 'passphrase'), profile: parsePkcs12Profile(fieldOf(of, 'pkcs12')) }
}

function wishOf(of: HTMLFormElement): SigningRequestWish {
  const [name, organisation, email] = ['common_name', 'organisation', 'email'].map(field =>
    fieldOf(of, field).trim(),
  )
  return {
    subject: [
      ...(organisation ? [{ type: 'O', value: organisation }] : []),
      { type: 'CN', value: name ?? '' },
    ],
    emails: email ? [email] : [],
  }
}

async function makeAndRegister(): Promise<void> {
  const wrapping = wrappingOf(form)
  const problem = whyNotPassphrase(wrapping.passphrase)
  if (problem) throw new Error(problem)
  const kind = fieldOf(form, 'key')
  const wish = wishOf(form)
  say('Making the key, here on your machine …')
  const { key, csr } = await makeOwnKey(isKeyKind(kind) ? kind : 'ec-p256', wish)
  say('Sending the request; your browser solves a small puzzle for it …')
  // Before there is a certificate: nothing that can fail is between that and its file.
  const clientCa = await fetchClientCa(site)
  isUnsaved = true
  await follow(await register(site, wish, csr), { key, clientCa, wrapping })
}

async function goOn(): Promise<void> {
  const wrapping = wrappingOf(keyFileForm)
  const file = byId('key-file', HTMLInputElement).files?.[0]
  if (!file) throw new Error('Choose the key file that you saved.')
  const { id, pkcs8 } = readKeyFile(await file.text(), wrapping.passphrase)
  const [key, clientCa] = [await readOwnKey(pkcs8), await fetchClientCa(site)]
  await follow(await lookUp(site, id), { key, clientCa, wrapping })
}

/** Until it is decided; the key is in this page, and in the file that is offered. */
async function follow(first: Standing, contents: Contents): Promise<void> {
  if (first.status === 'waiting') offerKeyFile(first.id, contents)
  let standing = first
  while (standing.status === 'waiting') {
    await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS))
    standing = await lookAgain(standing)
  }
  show('own-key-waiting', false)
  if (standing.status === 'issued') return await finish(standing.certified, contents)
  isUnsaved = false
  throw new Error(`An administrator has rejected the request: ${standing.reason}`)
}

/** A network that is away for a while is no answer. */
async function lookAgain(standing: Standing & { status: 'waiting' }): Promise<Standing> {
  try {
    return await lookUp(site, standing.id)
  } catch (error) {
    if (error instanceof SiteError && error.status < 500 && error.status !== 429) throw error
    return standing
  }
}

function offerKeyFile(id: string, { key, wrapping }: Contents): void {
  const file = encodeKeyFile({ id, pkcs8: key.pkcs8 }, wrapping.passphrase)
  download('own-key-file', `gatehouse-key-${id.slice(0, 8)}.pem`, file, () => {
    isUnsaved = false
  })
  byId('own-key-request', HTMLAnchorElement).href = new URL(`pki/requests/${id}`, site.root).href
  show('own-key-waiting', true)
  showPassphrase(wrapping)
  say('An administrator decides. Save your key now; this page looks again by itself.')
}

async function finish(certified: Certified, { key, clientCa, wrapping }: Contents): Promise<void> {
  say('Putting key and certificate into one file …')
  const file = await encodeOwnPkcs12({ key, certified, clientCa }, wrapping)
  isUnsaved = true
  download('own-key-pkcs12', `${certified.serial}.p12`, file, () => {
    isUnsaved = false
  })
  show('own-key-done', true)
  showPassphrase(wrapping)
  say(`The certificate for ${certified.name} is here. Download it; your system asks for the passphrase once.`)
}

function showPassphrase({ passphrase }: Wrapping): void {
  const code = byId('own-key-passphrase', HTMLElement).querySelector('code')
  if (code) code.textContent = passphrase
  show('own-key-passphrase', true)
  showForms(false)
}

function showForms(isShown: boolean): void {
  show('own-key-form', isShown)
  show('own-key-later', isShown)
}

/** One at a time: a second click must not make a second key. */
function submitting(of: HTMLFormElement, work: () => Promise<void>): void {
  of.addEventListener('submit', async event => {
    event.preventDefault()
    const fields = [...document.querySelectorAll<HTMLFieldSetElement>('#in-browser fieldset')]
    const disable = (isDisabled: boolean) => {
      for (const each of fields) each.disabled = isDisabled
    }
    const wasDone = work()
    disable(true)
    try {
      await wasDone
    } catch (error) {
      isUnsaved = false
      disable(false)
      showForms(true)
      // fetch rejects with a TypeError when nobody answers.
      const isAway = error instanceof TypeError
      say(isAway ? 'The server cannot be reached. Try again.' : (error as Error).message, true)
    }
  })
}

byId('own-passphrase', HTMLInputElement).value = generatePassphrase(4)
submitting(form, makeAndRegister)
submitting(keyFileForm, goOn)
addEventListener('beforeunload', event => {
  if (isUnsaved) event.preventDefault()
})
show('in-browser', true)
