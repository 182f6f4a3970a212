/** The certificate as a Byte Sequence (RFC 8941), as RFC 9440 section 2.2 wants it: the PEM lines joined, colons around. */
function clientCert(r) {
  const lines = r.variables.ssl_client_raw_cert.trim().split('\n')
  return `:${lines.slice(1, -1).join('')}:`
}

export default { clientCert }
