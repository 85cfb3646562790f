# One image for all services: the command chooses which one runs.
#   docker build -t penstock .
#   docker run --init penstock node dist/apps/dispatcher/src/main.js
# PostgreSQL and NATS are servers of their own here (docker-compose.yml): the embedded PostgreSQL is an optional package and is
# left out.
ARG NODE_IMAGE=node:24.20.0-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
# As npm start does: a larger young generation halves what a busy service spends on collecting garbage.
ENV NODE_OPTIONS="--enable-source-maps --max-semi-space-size=64"
WORKDIR /app
# package.json says where #core, #bus and the other libs are: it is needed at run time.
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY examples ./examples
COPY docker/healthcheck.mjs ./docker/healthcheck.mjs
# Nothing under /app belongs to this user: a service cannot change its own code.
USER node
# data plane, control plane; the others' ops ports follow from 8082 on
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 CMD ["node", "docker/healthcheck.mjs", "8081", "/health/ready"]
CMD ["node", "dist/apps/cache-api/src/main.js"]
