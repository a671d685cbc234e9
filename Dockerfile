# One image runs the API, the workers and the set-up; which one is the command's choice. The sandboxes have an image of
# their own, since they need packages that production does not.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./

# No package needs its install script here: those with native parts bring them ready-made.
FROM base AS packages
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM base AS all-packages
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund

FROM base AS tenor
COPY --from=packages /app/node_modules ./node_modules
COPY domain ./domain
COPY workflows ./workflows
COPY activities ./activities
COPY gateways ./gateways
COPY db ./db
COPY secrets ./secrets
COPY api ./api
COPY workers ./workers
# The worker keeps what it compiles of its workflows below its home, and nothing else is written.
ENV HOME=/tmp API_HOST=0.0.0.0 METRICS_HOST=0.0.0.0
RUN install -d -o 1000 -g 1000 /var/lib/tenor /var/lib/tenor/sandbox
# The base image's user `node`.
USER 1000:1000
EXPOSE 4600 9464
# Health is asked for by whoever runs it, since API and worker answer at ports of their own: see docker-compose.yml.
CMD ["node", "workers/api.ts"]

FROM tenor AS sandbox
COPY --from=all-packages /app/node_modules ./node_modules
COPY sandbox ./sandbox
CMD ["node", "sandbox/main.ts", "stripe"]
