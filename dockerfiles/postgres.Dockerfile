# For the tests, and to try Gatehouse with: the data are below /data, where a volume or tmpfs is mounted.
ARG DEBIAN_IMAGE=debian:trixie-slim

FROM ${DEBIAN_IMAGE}
LABEL org.opencontainers.image.title="Gatehouse PostgreSQL" \
      org.opencontainers.image.description="PostgreSQL from Debian's package, as the Gatehouse tests use it" \
      org.opencontainers.image.licenses="MIT"
# The package would make a cluster in the image; each container makes its own.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-common \
 && printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends postgresql \
 && rm -rf /var/lib/apt/lists/*
# A tmpfs takes the mode from here, but not the owner.
RUN install --directory --mode=1777 /data
COPY dockerfiles/postgres-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/lib/postgresql/17/bin:$PATH
USER postgres
EXPOSE 5432
# Waits for no client, and finishes what is under way.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["pg_isready", "--quiet", "--host=127.0.0.1"]
ENTRYPOINT ["postgres-entrypoint.sh"]
