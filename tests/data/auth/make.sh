#!/usr/bin/env bash
# Makes every key and certificate of this folder anew. Needs OpenSSL 3 with its legacy provider.
set -euo pipefail
cd "$(dirname "$0")"
T=$(mktemp -d)
trap 'rm -r "$T"' EXIT
touch "$T/index"
cat > "$T/ca.cnf" <<CNF
[ca]
default_ca = d
[d]
database = $T/index
new_certs_dir = $T
default_md = sha256
policy = p
rand_serial = yes
unique_subject = no
[p]
commonName = supplied
CNF

# certificate NAME KEY START END: self-signed, with fixed dates, to standard output.
certificate() {
    openssl req -new -key "$2" -subj "/CN=$1" -out "$T/csr"
    openssl ca -batch -selfsign -config "$T/ca.cnf" -keyfile "$2" -in "$T/csr" -startdate "$3" -enddate "$4" -notext 2>/dev/null
}
FROM=20200101000000Z
TO=21200101000000Z

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$T/other.key" 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$T/short.key" 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$T/ec.key"
certificate "partnerscope test" key.pem $FROM $TO > certificate.pem
certificate other "$T/other.key" $FROM $TO > "$T/other.pem"
certificate expired key.pem $FROM 20210101000000Z > "$T/expired.pem"
certificate short "$T/short.key" $FROM $TO > "$T/short.pem"
certificate ec "$T/ec.key" $FROM $TO > "$T/ec.pem"

openssl x509 -in certificate.pem -outform der -out certificate.der
openssl dgst -sha256 -binary certificate.der | basenc --base64url | tr -d = > thumbprint.txt
openssl rsa -in key.pem -traditional -out "$T/pkcs1.key" 2>/dev/null
openssl rsa -in key.pem -traditional -aes128 -passout pass:secret -out "$T/pkcs1.locked" 2>/dev/null
openssl pkcs8 -topk8 -in key.pem -passout pass:secret -out "$T/pkcs8.locked"
cat certificate.pem key.pem > combined-pkcs8.pem
cat "$T/pkcs1.key" certificate.pem > combined-pkcs1.pem
sed 's/$/\r/' combined-pkcs8.pem > crlf.pem
cat "$T/other.pem" key.pem certificate.pem > chain-first.pem
cat certificate.pem "$T/pkcs8.locked" > encrypted-pkcs8.pem
cat certificate.pem "$T/pkcs1.locked" > encrypted-pkcs1.pem
cat "$T/other.pem" key.pem > wrong-pair.pem
cat "$T/expired.pem" key.pem > expired.pem
cat "$T/ec.pem" "$T/ec.key" > ec.pem
cat "$T/short.pem" "$T/short.key" > short.pem

pfx() { openssl pkcs12 -export -inkey key.pem -in certificate.pem "$@"; }
pfx -certfile "$T/other.pem" -passout "pass:pass wörd" -out modern.pfx
pfx -certfile "$T/other.pem" -passout "pass:pass wörd" -legacy -out legacy.pfx
pfx -passout pass: -out unlocked.pfx
cp modern.pfx modern-named-like-pem.pem
chmod 644 ./*.pem ./*.pfx
