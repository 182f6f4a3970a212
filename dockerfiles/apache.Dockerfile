ARG DEBIAN_IMAGE=debian:trixie-slim

FROM ${DEBIAN_IMAGE} AS server
RUN apt-get update \
 && apt-get install -y --no-install-recommends apache2 lua5.4 lua-cjson lua-luaossl lua-posix lua-socket openssl \
 && rm -rf /var/lib/apt/lists/*

# A broken file is a failed build.
FROM server AS checked
COPY dockerfiles/throwaway-keys.sh dockerfiles/entrypoint.sh /usr/local/bin/
COPY proxy-configs/refusals /usr/share/gatehouse/refusals
COPY proxy-configs/apache /etc/gatehouse
RUN install -d /var/lib/gatehouse && throwaway-keys.sh \
 && entrypoint.sh apache2 -t -d /etc/gatehouse -f httpd.conf && luac5.4 -p /etc/gatehouse/*.lua

FROM server
LABEL org.opencontainers.image.title="Gatehouse Apache" \
      org.opencontainers.image.description="Client-certificate (mTLS) proxy that keeps the Gatehouse header contract" \
      org.opencontainers.image.licenses="MIT"
COPY dockerfiles/entrypoint.sh dockerfiles/healthcheck.sh /usr/local/bin/
COPY --from=checked /usr/share/gatehouse /usr/share/gatehouse
COPY --from=checked /etc/gatehouse /etc/gatehouse
# Whoever the container runs as keeps here what is revoked or ended; nobody else is in it.
RUN install -d -m 1777 /var/lib/gatehouse
VOLUME /var/lib/gatehouse
USER 10001:10001
EXPOSE 8443
STOPSIGNAL SIGWINCH
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["healthcheck.sh", "8081"]
ENTRYPOINT ["entrypoint.sh"]
CMD ["apache2", "-d", "/etc/gatehouse", "-f", "httpd.conf", "-DFOREGROUND"]
