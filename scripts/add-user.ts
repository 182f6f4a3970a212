import { join } from 'node:path'
import { chalk, echo } from 'zx'
import { addUser } from '../pki/add-users.ts'
import { parseAddUserOptions } from './key-options.ts'
import { describeCertificate, shortPath } from './key-report.ts'
import { runScript } from './run-script.ts'

const HELP = `Makes a certificate, and the files to import it, for one more user of a key set.

  make add-user NAME="Ada Lovelace" [DAYS=...] [KEY_TYPE=...] [PKCS12=...] [JSON=1]
  npm run -s add-user -- "Ada Lovelace" [options]

  --organisation X  left out: Gatehouse
  --email X         left out: made from the name
  --admin           the user administers: organisation "CA admins"
  --days N          validity (left out: 90)
  --key-type, --pkcs12, --keys DIR, --json  as in generate-keys`

await runScript(async () => {
  const options = parseAddUserOptions(process.argv.slice(2), process.env)
  if (!options) return echo(HELP)
  const { dir } = options.request
  const { fileName, commonName, certificate } = await addUser({ ...options.request, now: () => new Date() })
  const base = join(shortPath(dir), fileName)
  const description = describeCertificate(certificate)
  if (options.isJson) {
    return echo(JSON.stringify({ dir, file: `${fileName}.crt`, name: commonName, ...description }, null, 2))
  }
  echo(`${chalk.bold(`${commonName} was added`)}, until ${description.notAfter.slice(0, 10)}.
  For a browser:    ${base}.p12, and its passphrase in ${base}.passphrase
  For curl:         --cert ${base}.crt --key ${base}.key`)
})
