/** Makes less of a line than leaving it out would: every way to do so gives one line. */
interface Weakening {
  readonly file: string
  weaken(line: string): readonly string[]
}

/** Each match is replaced once, by nothing if there is no replacement. */
function each(file: string, pattern: RegExp, replacement = ''): Weakening {
  return {
    file,
    weaken: line =>
      [...line.matchAll(pattern)].map(
        match => line.slice(0, match.index) + replacement + line.slice(match.index + match[0].length),
      ),
  }
}

/** HAProxy's `if A B or C`: without a condition, without each alternative, and without each of several terms of one. */
function withoutConditions(line: string): readonly string[] {
  const [, action = '', word = '', condition = ''] = /^(.* )(if|unless) (.*)$/.exec(line) ?? []
  if (!condition) return []
  const alternatives: (readonly string[])[] = condition
    .split(' or ')
    .map(text => text.match(/!?\{ [^}]* \}|\S+/g) ?? [])
  const join = (rest: readonly (readonly string[])[]) =>
    `${action}${word} ${rest.map(terms => terms.join(' ')).join(' or ')}`
  const shorter = alternatives.length > 1 ? alternatives.map((_, i) => alternatives.toSpliced(i, 1)) : []
  const looser = alternatives.flatMap((terms, i) =>
    terms.length > 1 ? terms.map((_, j) => alternatives.with(i, terms.toSpliced(j, 1))) : [],
  )
  return [action.trimEnd(), ...[...shorter, ...looser].map(join)]
}

export const WEAKENINGS: readonly Weakening[] = [
  // -- Apache: conditions, flags, and what is escaped for the log
  each('httpd.conf', / "expr=[^"]* ([!=]=|-n) [^"]*"$/g),
  each('httpd.conf', /(?<="expr=.*) && [^"&]*(?=")/g),
  each('httpd.conf', /(?<="expr=)[^"&]* && (?=.*")/g),
  each('httpd.conf', / env=CONNECTION_CLOSE$/g),
  each('httpd.conf', / \[NC\]$/g),
  each('httpd.conf', / always(?= set )/g),
  each('httpd.conf', /(?<=^\s*SSLProtocol .*) \+TLSv1\.[23]/g),
  each('httpd.conf', / nocanon$/g),
  each('httpd.conf', /(?<=^HttpProtocolOptions )Strict/g, 'Unsafe'),
  each('httpd.conf', / Require1\.0$/g),
  each('httpd.conf', /(?<=^\s*SSLVerifyClient )optional_no_ca/g, 'optional'),
  each('httpd.conf', /(?<=^\s*Require expr ")[^|]* \|\| /g),
  each('httpd.conf', /(?<=^\s*Require expr .*) \|\| [^|"]*(?=")/g),
  each('httpd.conf', /(?<=^\s*ProxyRequests )Off/g, 'on'),
  each('httpd.conf', /(?<=RewriteCond .*)(\$(?=\))|\\1)/g),
  // -- Apache's script: each name, and each way to spell one
  each('strip.lua', /'\^[a-z%-]+'(?:, )?/g),
  each('strip.lua', /:lower\(\)/g),
  each('strip.lua', /:gsub\(.*\)/g),
  each('strip.lua', /(?<=\[[A-Za-z]*)[A-Za-z](?=[A-Za-z]*\]')/g),
  // -- nginx
  each('forward.conf', /(?<=^more_clear_input_headers.*) '[^']+'/g),
  each('forward.conf', /(?<=^more_clear_input_headers.*)\*/g),
  each('nginx.conf', /(?<=^\s*add_header .*) always/g),
  each('nginx.conf', /(?<=^\s*ssl_verify_client )optional_no_ca/g, 'optional'),
  each('nginx.conf', /(?<=^\s*ssl_protocols.*) TLSv1\.[23]/g),
  each('nginx.conf', /(?<=^\s*underscores_in_headers )off/g, 'on'),
  each('nginx.conf', /(?<=^\s*ignore_invalid_headers )on/g, 'off'),
  each('nginx.conf', /(?<=^\s*client_max_body_size )1m/g, '2m'),
  each('nginx.conf', /(?<=^\s*log_format json) escape=json/g),
  each('nginx.conf', /(?<=^\s+~\*?)\^/g),
  each('nginx.conf', /(?<=^\s+~\*?\^.*)\$(?= +\S+;$)/g),
  each('nginx.conf', /(?<=^\s+~)\*/g),
  each('gatehouse.js', /\.trim\(\)|\.replace\(.*?\)/g),
  each('list.js', /change\.nonce !== question\.nonce \|\| /g),
  each('list.js', / \|\| change\.from !== question\.after/g),
  each('signed-list.js', /(?<=CHANGES = .*)(\^|\{2\}|\(\?!\\n\))/g),
  each('signed-list.js', /(?<=CHANGES = .*)\{1,20\}/g, '+'),
  // -- HAProxy
  { file: 'haproxy.cfg', weaken: withoutConditions },
  each('haproxy.cfg', /(?<=^\s+bind :8443 .*) (ca-file \S+|verify optional|(ca|crt)-ignore-err all)/g),

  each('haproxy.cfg', /(?<=del-header .*)\(x\[\^a-z0-9\]\)\?/g),
  each(
    'haproxy.cfg',
    /(?<=del-header .*[(|])(client|server|proxy[^|]*|request[^|]*|real[^|)]*)(?=[|)])/g,
    'none',
  ),
  each('haproxy.cfg', /(?<=del-header .*)\[\^a-z0-9\](?!\))/g, '-'),
  each('haproxy.cfg', /(?<=del-header \S*)\$(?= )/g),
  each('haproxy.cfg', /(?<=txn\.host.*),host_only$/g),
  each('haproxy.cfg', /(?<=ssl_fc_sni),lower\b/g),
]
