#!/bin/sh
# Starts a proxy: refuses a setting or a key file that the server itself would explain badly or not at all,
# hands over the proxy secret, and becomes the server (so that it is PID 1 and gets the signals).
set -eu

refuse() {
  echo "gatehouse: $1" >&2
  exit 2
}

case "${CLIENT_CERT:=optional}" in
  optional | require) ;;
  *) refuse "CLIENT_CERT must not be \"$CLIENT_CERT\". It must be one of optional, require; left out, it is \"optional\"." ;;
esac

case "${REVOCATION:=list}" in
  list | none) ;;
  *) refuse "REVOCATION must not be \"$REVOCATION\". It must be one of list, none; left out, it is \"list\"." ;;
esac

case "${GATE:=on}" in
  on | off) ;;
  *) refuse "GATE must not be \"$GATE\". It must be one of on, off; left out, it is \"on\"." ;;
esac

# What is known to be revoked outlives the container, and an application that is away.
state=/var/lib/gatehouse
[ "$REVOCATION:$GATE" = none:off ] || [ -w "$state" ] || refuse "$state cannot be written by uid $(id -u). Mount a volume there that is its own, or set REVOCATION=none and GATE=off."

gate_keys=
[ "$GATE" = off ] || gate_keys='gate-a.pem gate-b.pem'
for file in server.crt server.key client-ca.pem proxy-secret $gate_keys; do
  path="/run/secrets/$file"
  [ -s "$path" ] || refuse "$path is missing or empty. Make the keys with \"make generate-keys\" and mount them there."
  [ -r "$path" ] || refuse "$path cannot be read by uid $(id -u). GATEHOUSE_UID must be the owner of the key files."
done

# Each server would say these in several lines of its own, and HAProxy not all of them.
certificate_key=$(openssl x509 -in /run/secrets/server.crt -noout -pubkey 2> /dev/null) || refuse "/run/secrets/server.crt holds no certificate in PEM form."
private_key=$(openssl pkey -in /run/secrets/server.key -passin pass: -pubout 2> /dev/null) || refuse "/run/secrets/server.key holds no unencrypted private key in PEM form."
[ "$private_key" = "$certificate_key" ] || refuse "/run/secrets/server.key is not the key of server.crt. Both must come from one run of \"make generate-keys\"."
openssl verify -partial_chain -no_check_time -CAfile /run/secrets/client-ca.pem /run/secrets/client-ca.pem > /dev/null 2>&1 || refuse "/run/secrets/client-ca.pem holds something else than certificates in PEM form."

for file in $gate_keys; do
  openssl pkey -pubin -in "/run/secrets/$file" -noout -text_pub 2> /dev/null | grep -q 'NIST CURVE: P-256' || refuse "/run/secrets/$file holds something else than a P-256 public key in PEM form. Make it again with \"make generate-keys\", or set GATE=off."
done

IFS= read -r PROXY_SECRET < /run/secrets/proxy-secret || [ -n "$PROXY_SECRET" ]
case "$PROXY_SECRET" in
  *[!A-Za-z0-9+/=_-]*) refuse "/run/secrets/proxy-secret holds characters other than A-Z a-z 0-9 + / = _ -. Make it again with \"make generate-keys\"." ;;
esac
[ "${#PROXY_SECRET}" -ge 22 ] || refuse "/run/secrets/proxy-secret is shorter than 22 characters (128 bit). Make it again with \"make generate-keys\"."

# Apache and HAProxy read their environment; nginx has to include it.
export CLIENT_CERT REVOCATION GATE PROXY_SECRET
umask 077
cat > /tmp/environment.conf <<EOF
map "" \$client_cert_mode { default "$CLIENT_CERT"; }
map "" \$revocation { default "$REVOCATION"; }
map "" \$gate { default "$GATE"; }
map "" \$proxy_secret { default "$PROXY_SECRET"; }
EOF
exec "$@"
