import { Command } from 'commander'
import { auditVerify } from './commands/audit.ts'
import { cert } from './commands/cert.ts'
import { configIdentity, configServer, configShow } from './commands/config.ts'
import { csr } from './commands/csr.ts'
import { pasteCreate, pasteDelete, pasteGet, pasteList } from './commands/paste.ts'
import { pkiDownload, pkiShow, pkiStatus } from './commands/pki.ts'
import { pkiIssue } from './commands/pki-issue.ts'
import { pkiList } from './commands/pki-list.ts'
import { pkiRevoke } from './commands/pki-revoke.ts'
import { register } from './commands/register.ts'
import { renew } from './commands/renew.ts'
import { requestsApprove, requestsList, requestsReject, requestsShow } from './commands/requests.ts'
import { whoami } from './commands/whoami.ts'
import { createInvocation, type GlobalOptions, type Invocation, type Surroundings } from './invocation.ts'
import { printReport, type Report } from './output.ts'

type Action<Options> = (invocation: Invocation, options: Options, ...args: string[]) => Promise<Report>

const EXIT_CODES = `
Exit codes:
  0  done
  1  failed
  2  wrong usage
  3  not allowed, or your certificate is not accepted
  4  not found
  5  conflict: decided, revoked, taken or changed already, or not decided yet
  6  the server is away, or its certificate is not trusted (see --ca)`

function createRoot({ stdout, stderr }: Surroundings): Command {
  return new Command('gatehouse')
    .description('Certificates for logging in: ask for one, look at it, renew it, and run the authority.')
    .option('--server <url>', 'the server, instead of the configured one')
    .option('--ca <file>', "the root of the server's certificate, in PEM")
    .option('--cert <file>', 'your certificate in PEM, with --key')
    .option('--key <file>', 'its private key in PEM')
    .option('--p12 <file>', 'your certificate and key in one PKCS#12 file')
    .option(
      '--passphrase-file <file>',
      'the passphrase of the key ("-": standard input); left out, you are asked',
    )
    .option('--json', 'one JSON document on standard output')
    .option('--quiet', 'no progress, no hints')
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .configureOutput({ writeOut: text => stdout.write(text), writeErr: text => stderr.write(text) })
    .exitOverride()
}

const KEY_TYPE = 'ec-p256 (default), ec-p384, rsa-2048, rsa-3072, rsa-4096'
const PKCS12 = 'how it is encrypted: compatible (default) or modern'
const FORCE = 'replace what is there, which is kept as .old'

type Run = <Options>(action: Action<Options>) => (this: Command) => Promise<void>

function addConfigCommands(root: Command, run: Run): void {
  const config = root.command('config').description('which server, and who you are')
  config
    .command('server <url>')
    .description('keep which server is meant, with --ca its root')
    .action(run(configServer))
  config
    .command('identity [name]')
    .description(
      'keep who you are: NAME of a key made here, keys/admin of a checkout, or --cert and --key, or --p12',
    )
    .action(run(configIdentity))
  config.command('show').description('what is kept').action(run(configShow))
}

/** What needs no rights. */
function addOwnCommands(root: Command, run: Run): void {
  root
    .command('register')
    .description('ask for a certificate; the key is made here and stays here')
    .option('--name <name>', 'your name, such as "Grace Hopper"')
    .option('--organisation <name>', 'where they belong')
    .option('--email <address>', 'where their mail goes')
    .option('--configure', 'use it in later commands')
    .option('--out <file.p12>', 'also write a PKCS#12 file for a browser, its passphrase beside it')
    .option('--pkcs12 <profile>', PKCS12)
    .option('--server-key', 'have the server make the key')
    .option('--key-type <type>', KEY_TYPE)
    .option('--show-passphrase', 'show the passphrase, on a terminal only')
    .option('--resume [id]', 'fetch what was asked for earlier and is decided now')
    .option('--force', FORCE)
    .action(run(register))
  root.command('whoami').description('who the server says you are').action(run(whoami))
  root
    .command('renew')
    .description('a new key and certificate in place of yours; the old stay beside as .old')
    .option('--if-expiring <time>', 'only when less is left, such as 30d')
    .action(run(renew))
}

function addOfflineCommands(root: Command, run: Run): void {
  root
    .command('csr')
    .description('make a key and a signing request for it, without any server')
    .requiredOption('--name <name>', 'whom it is for')
    .option('--organisation <name>', 'where they belong')
    .option('--email <address>', 'where their mail goes')
    .option('--key-type <type>', KEY_TYPE)
    .option('-o, --out <base>', 'writes BASE.key and BASE.csr')
    .option('--force', FORCE)
    .action(run(csr))
  root
    .command('cert')
    .description('make a self-signed certificate, without any server: it proves a key, not a name')
    .requiredOption('-n, --name <name>', 'how it calls itself')
    .option('-a, --algorithm <name>', 'ec or rsa', 'ec')
    .option('-c, --curve <name>', 'secp256r1 (default), prime256v1 (the same), secp384r1')
    .option('-b, --bits <number>', '2048, 3072 (default), 4096')
    .option('-d, --days <number>', '1 to 825', '365')
    .option('-o, --out <base>', 'writes BASE.key and BASE.crt')
    .option('--force', FORCE)
    .action(run(cert))
}

/** Twice: below `paste`, and, not in the list, as an older command of this kind has them. */
function addPasteCommands(root: Command, run: Run): void {
  const paste = root
    .command('paste')
    .description('texts and files for others; `gatehouse create`, `list` and `delete` are the same')
  for (const [parent, options] of [
    [paste, {}],
    [root, { hidden: true }],
  ] as const) {
    parent
      .command('create [file]', options)
      .description('paste a file, or standard input; without a certificate, too')
      .option('--expires <time>', 'such as 7d, 12h or 30m; left out, the most that your level allows')
      .option('--burn', 'for one reader, then it is gone')
      .option('--private', 'for you only')
      .option('--type <type>', 'its media type, such as image/png')
      .option('--name <name>', "left out, the file's")
      .action(run(pasteCreate))
    parent
      .command('list', options)
      .description('your own, newest first')
      .option('--all', "everybody's (administrators)")
      .option('--after <id>', 'the page after this one')
      .option('--limit <number>', 'of a page, 1 to 1000')
      .action(run(pasteList))
    parent
      .command('delete <id>', options)
      .description('your own, or for administrators any')
      .action(run(pasteDelete))
  }
  paste
    .command('get <id>')
    .description('one paste, by its id or address')
    .option('-o, --output <file>', 'left out, standard output')
    .option('--force', FORCE)
    .action(run(pasteGet))
}

function addPkiCommands(root: Command, run: Run): void {
  const pki = root.command('pki').description('the authority')
  pki.command('status').description('how it stands').action(run(pkiStatus))
  pki
    .command('download')
    .description("the client CA's certificate")
    .option('--der', 'in DER, not PEM')
    .option('-o, --out <file>', 'left out, standard output')
    .option('--force', FORCE)
    .action(run(pkiDownload))
  pki
    .command('issue')
    .description('issue a certificate (administrators)')
    .requiredOption('--name <name>', 'whom it is for')
    .option('--organisation <name>', 'where they belong')
    .option('--email <address>', 'where their mail goes')
    .option('--csr <file>', 'for the key of this signing request; left out, the server makes one')
    .option('--days <number>', 'validity, 1 to 825')
    .option('--pkcs12 <profile>', PKCS12)
    .option('-o, --out <file>', 'the certificate, or the PKCS#12 file')
    .option('--force', FORCE)
    .action(run(pkiIssue))
  pki
    .command('list')
    .description('certificates, newest first: your own, or for administrators all')
    .option('--status <status>', 'recorded, valid, expired, revoked')
    .option('--search <text>', 'part of name, organisation, e-mail address or serial number')
    .option('--after <serial>', 'the page after this one')
    .option('--limit <number>', 'of a page, 1 to 1000')
    .option('--all', 'all pages')
    .action(run(pkiList))
  pki
    .command('show <serial>')
    .description('one certificate')
    .option('-o, --out <file>', 'write it, in PEM')
    .option('--force', FORCE)
    .action(run(pkiShow))
  pki
    .command('revoke <serial>')
    .description('revoke a certificate: your own, or for administrators any')
    .option('--reason <reason>', 'of RFC 5280, such as keyCompromise')
    .action(run(pkiRevoke))
}

function addDecisionCommands(root: Command, run: Run): void {
  const requests = root.command('requests').description('what waits for a decision (administrators)')
  requests
    .command('list')
    .description('newest first')
    .option('--status <status>', 'waiting (default), approved, rejected, issued')
    .option('--after <id>', 'the page after this one')
    .option('--limit <number>', 'of a page, 1 to 1000')
    .action(run(requestsList))
  requests
    .command('show <id>')
    .description('one request, for everybody who knows the id')
    .action(run(requestsShow))
  requests
    .command('approve <id>')
    .description('show it, ask, and approve exactly what was shown')
    .option('--sha256 <hex>', 'approve only the request with this SHA-256, without asking')
    .option('--yes', 'approve what is shown, without asking')
    .action(run(requestsApprove))
  requests
    .command('reject <id>')
    .description('refuse it; whoever asked is told the reason')
    .requiredOption('--reason <text>', 'why not')
    .action(run(requestsReject))
  const audit = root.command('audit').description('the record of every decision (administrators)')
  audit
    .command('verify')
    .description('recompute its hash chain, and compare it with the last time')
    .action(run(auditVerify))
}

/** Every command, as its usage. */
export function createProgram(surroundings: Surroundings): Command {
  const root = createRoot(surroundings)
  const run: Run = action =>
    async function runAction(this: Command): Promise<void> {
      const invocation = createInvocation(surroundings, root.opts<GlobalOptions>())
      // commander knows no types; each command declares what its own options are.
      printReport(invocation.output, await action(invocation, this.opts() as never, ...this.args))
    }
  addConfigCommands(root, run)
  addOwnCommands(root, run)
  addOfflineCommands(root, run)
  addPasteCommands(root, run)
  addPkiCommands(root, run)
  addDecisionCommands(root, run)
  return root
}
