ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /srv/gatehouse
COPY package.json package-lock.json .npmrc ./
# The image brings its own Node; the optional packages are for machines without one.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

# What the visitor's browser runs, made from the same lock file as everywhere.
FROM ${NODE_IMAGE} AS browser
WORKDIR /srv/gatehouse
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && npm cache clean --force
COPY scripts/bundle-browser.ts scripts/
COPY pki pki
COPY app/browser app/browser
RUN node scripts/bundle-browser.ts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Gatehouse application" \
      org.opencontainers.image.description="Express and Passport application that trusts exactly the Gatehouse header contract" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /srv/gatehouse
COPY dockerfiles/healthcheck.sh /usr/local/bin/
COPY --from=dependencies /srv/gatehouse/node_modules node_modules
COPY package.json ./
COPY pki pki
COPY proxy-configs/header-contract.ts proxy-configs/gate-contract.ts proxy-configs/
COPY app app
COPY --from=browser /srv/gatehouse/app/browser/built app/browser/built
# Whoever the container runs as makes the store here, where it usually is; nobody else is in it.
RUN install -d -m 1777 data
VOLUME /srv/gatehouse/data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["healthcheck.sh", "8080"]
CMD ["node", "app/main.ts"]
