/** RFC 9110 section 11.6.1 asks for a challenge with every 401; no scheme is registered for client certificates. */
export const CHALLENGE = 'ClientCertificate'
