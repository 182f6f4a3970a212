#!/bin/bash
# Asks the service itself, without another program in the image: 0 when /healthz answers 200.
exec 3<> "/dev/tcp/127.0.0.1/${1:?port}" || exit 1
printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3
IFS=' ' read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
