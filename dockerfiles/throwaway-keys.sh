#!/bin/sh
# For the syntax check inside an image build only: a server does not read its configuration without keys.
set -eu
mkdir -p /run/secrets
cd /run/secrets
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=throwaway -days 1 \
  -keyout server.key -out server.crt 2> /dev/null
cp server.crt client-ca.pem
for slot in a b; do openssl pkey -in server.key -pubout -out gate-$slot.pem; done
echo throwaway-secret-of-the-syntax-check > proxy-secret
