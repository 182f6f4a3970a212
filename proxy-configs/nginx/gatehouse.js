/** The certificate as a Byte Sequence (RFC 8941), as RFC 9440 section 2.2 wants it: the PEM lines joined, colons around. */
function clientCert(r) {
  const lines = r.variables.ssl_client_raw_cert.trim().split('\n')
  return `:${lines.slice(1, -1).join('')}:`
}

/** Of a validated certificate: `good`, `revoked`, or `unknown` as long as there is no list. */
function standing(r) {
  if (!ngx.shared.revoked_state.has('list')) return 'unknown'
  // Servers print the same serial with and without leading zeros.
  const serial = r.variables.ssl_client_serial.replace(/^0+/, '')
  return ngx.shared.revoked.has(serial) ? 'revoked' : 'good'
}

export default { clientCert, standing }
