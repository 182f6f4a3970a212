#!/bin/sh
# The same work as generate-keys with RSA-2048, by the openssl command line, as its manual shows it:
# six keys, both authorities, the server and three users, two sealed CA keys, three PKCS#12 files, a proxy secret.
# usage: generate-keys.sh DIR [parallel]    "parallel" generates the six keys at the same time
set -eu
umask 077
mkdir -p "$1/private"
cd "$1"

key() { openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" 2>/dev/null; }
passphrase() { openssl rand -base64 18 | tr -d '\n' >"$1.passphrase"; }
serial() { printf '0x01%s' "$(openssl rand -hex 15)"; }

for name in root client-ca server grace cecilia admin; do
  if [ "${2:-}" = parallel ]; then key "$name" & else key "$name"; fi
done
wait

authority() { # NAME SUBJECT EXTENSION
  openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -set_serial "$(serial)" -subj "/O=Gatehouse/CN=$2" \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    ${3:+-addext "$3"} -out "$1.pem"
  passphrase "private/$1"
  openssl pkcs8 -topk8 -in "$1.key" -v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 10000 \
    -passout "file:private/$1.passphrase" -out "private/$1.key.p8"
  rm "$1.key"
}

leaf() { # NAME ISSUER SUBJECT PURPOSE ALTERNATIVE-NAMES DAYS
  openssl req -new -key "$1.key" -subj "$3" -out "$1.csr"
  printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' "extendedKeyUsage=$4" \
    'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' "subjectAltName=$5" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "private/$2.key.p8" -passin "file:private/$2.passphrase" \
    -set_serial "$(serial)" -sha256 -days "$6" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.csr" "$1.ext"
}

user() { # NAME SUBJECT
  leaf "$1" client-ca "$2" clientAuth "email:$1@gatehouse.localhost" 90
  passphrase "$1"
  openssl pkcs12 -export -inkey "$1.key" -in "$1.crt" -certfile client-ca.pem -name "$1" -out "$1.p12" \
    -passout "file:$1.passphrase" -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -iter 2048
}

authority root 'Gatehouse server root' \
  'nameConstraints=critical,permitted;DNS:localhost,permitted;DNS:gatehouse.localhost,permitted;IP:127.0.0.0/255.0.0.0'
authority client-ca 'Gatehouse client CA'
leaf server root '/CN=gatehouse.localhost' serverAuth \
  'DNS:localhost,DNS:gatehouse.localhost,IP:127.0.0.1,IP:::1' 397
user grace '/O=Gatehouse/CN=Grace Hopper'
user cecilia '/O=Gatehouse/CN=Cecilia Payne'
user admin '/O=CA admins/CN=Administrator'
openssl rand -hex 32 >private/proxy-secret
