ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /srv/gatehouse
COPY package.json package-lock.json .npmrc ./
# The same line as in app.Dockerfile, so that the layer is built once.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Gatehouse mail catcher" \
      org.opencontainers.image.description="Takes every mail, passes none on, and shows them on a page: for trying Gatehouse out, not for production" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
# In a container, its network says who may come.
ENV MAIL_CATCHER_HOST=0.0.0.0
WORKDIR /srv/gatehouse
COPY dockerfiles/healthcheck.sh /usr/local/bin/
COPY --from=dependencies /srv/gatehouse/node_modules node_modules
COPY package.json ./
COPY mail-catcher mail-catcher
USER 10001:10001
EXPOSE 1025 8025
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["healthcheck.sh", "8025"]
CMD ["node", "mail-catcher/main.ts"]
