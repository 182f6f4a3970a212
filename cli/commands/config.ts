import { join, resolve } from 'node:path'
import { attributes } from '../../pki/distinguished-name.ts'
import { parseCertificate } from '../../pki/parse-certificate.ts'
import { type Config, configPath, type IdentityFiles, readConfig, updateConfig } from '../config-file.ts'
import { CliError } from '../errors.ts'
import { pemFiles, readPemCertificate, readPemIdentity } from '../identity-files.ts'
import { type Invocation, identityFromOptions, passphraseOf } from '../invocation.ts'
import type { Report } from '../output.ts'
import { exists, readNamed } from '../private-files.ts'
import { parseServerUrl } from '../server-url.ts'
import { formatFields } from '../table.ts'

function report({ folders }: Invocation, config: Config, lines: readonly string[]): Report {
  return { document: { path: configPath(folders), ...config }, lines }
}

/** Keeps which server is meant, and which root its certificate comes from. */
export async function configServer(invocation: Invocation, _: object, url: string): Promise<Report> {
  const server = parseServerUrl(url).href
  const { ca } = invocation.options
  if (ca !== undefined) readPemCertificate(await readNamed(ca, 'the root certificate'), ca)
  const config = await updateConfig(invocation.folders, {
    server,
    ...(ca === undefined ? {} : { ca: resolve(ca) }),
  })
  return report(invocation, config, [`The server is ${server}.`])
}

/** A name is of keys that were made here, or the beginning of two paths: `keys/admin` of a checkout. */
async function namedIdentity({ folders }: Invocation, name: string): Promise<IdentityFiles> {
  const bases = [join(folders.keys, name), resolve(name)]
  for (const files of bases.map(pemFiles)) {
    if ((await exists(files.cert)) && (await exists(files.key))) return files
  }
  throw new CliError(
    'FILE_UNREADABLE',
    `There is no ${bases.map(base => `${base}.crt with a .key beside it`).join(', and no ')}. Name the files: gatehouse config identity --cert FILE --key FILE.`,
  )
}

/** Keeps which certificate is presented, once it is known to fit its key. */
export async function configIdentity(invocation: Invocation, _: object, name?: string): Promise<Report> {
  const given = identityFromOptions(invocation.options)
  if ((name === undefined) === (given === undefined)) {
    throw new CliError('USAGE', 'Say which identity: a NAME, or --cert FILE --key FILE, or --p12 FILE.')
  }
  const identity = given ?? (await namedIdentity(invocation, name ?? ''))
  if ('cert' in identity) await readPemIdentity(identity, passphraseOf(invocation, identity))
  else await readNamed(identity.p12, 'the PKCS#12 file')
  const config = await updateConfig(invocation.folders, { identity })
  return report(invocation, config, [`The identity is ${'cert' in identity ? identity.cert : identity.p12}.`])
}

async function certificateFields(path: string) {
  const pem = await readNamed(path, 'the certificate')
  const certificate = parseCertificate(readPemCertificate(pem, path).raw)
  return {
    name: attributes(certificate.subject, 'CN').join(' '),
    serial: certificate.serialNumber,
    until: certificate.notAfter.toISOString(),
  }
}

export async function configShow(invocation: Invocation): Promise<Report> {
  const config = await readConfig(invocation.folders)
  const { identity } = config
  const certificate = identity && 'cert' in identity ? await certificateFields(identity.cert) : undefined
  const lines = formatFields({
    file: configPath(invocation.folders),
    server: config.server ?? '(not set: https://localhost:8440/)',
    ca: config.ca ?? '(not set: keys/root.pem of a checkout, and the roots of the system)',
    identity: identity ? ('cert' in identity ? identity.cert : identity.p12) : '(none)',
    ...certificate,
  })
  const document = {
    path: configPath(invocation.folders),
    ...config,
    ...(certificate ? { certificate } : {}),
  }
  return { document, lines }
}
