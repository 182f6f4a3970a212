/** @throws Error if the page is not the one that this script is for */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new Error(`The page has no ${type.name} ${id}.`)
}

export function fieldOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value : ''
}

export function show(id: string, isShown: boolean): void {
  byId(id, HTMLElement).hidden = !isShown
}

/** Text only: what a server or a certificate says stays inert. */
export function say(text: string, isProblem = false): void {
  const place = byId('own-key-status', HTMLElement)
  place.setAttribute('role', isProblem ? 'alert' : 'status')
  place.textContent = text
  place.hidden = false
}

/** Makes a link of the page into a download of what is only here. */
export function download(
  id: string,
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
  onSaved: () => void,
): void {
  const link = byId(id, HTMLAnchorElement)
  link.href = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }))
  link.download = name
  link.addEventListener('click', onSaved)
}
