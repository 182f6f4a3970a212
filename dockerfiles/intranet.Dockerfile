ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Gatehouse intranet" \
      org.opencontainers.image.description="A service with no login of its own that shows what it receives: for trying the gate out, not for production" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
# In a container, its network says who may come.
ENV INTRANET_HOST=0.0.0.0
WORKDIR /srv/gatehouse
COPY dockerfiles/healthcheck.sh /usr/local/bin/
COPY package.json ./
COPY intranet intranet
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["healthcheck.sh", "8080"]
CMD ["node", "intranet/main.ts"]
