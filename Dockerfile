# The operator's image: Node, the libraries that it loads, the operator and the packages it runs with. No shell, no
# package manager, no git. `npm run image` performs these very steps without a container engine (scripts/image.ts).

# The digest is that of the tag for all platforms. Nothing of this image but the C libraries reaches the last stage.
FROM node:24.18.1-bookworm-slim@sha256:235600a8101ab264e117b1768e925532262668dc9b581ef1dd7d96ced463b8e7 AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS packages
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# Nothing at run time reads type declarations and source maps, half of the packages' size, or calls their commands.
RUN find node_modules -type f -regextype posix-extended -regex '.*\.([cm]?ts|map)' -delete && rm -r node_modules/.bin

FROM base AS build
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
# Node itself is the devDependency `node`, the version that the tests ran with.
RUN mkdir -p rootfs/usr/local/bin rootfs/etc rootfs/tmp \
 && chmod 1777 rootfs/tmp \
 && cp node_modules/node/bin/node rootfs/usr/local/bin/node \
 && ldd rootfs/usr/local/bin/node | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory=rootfs \
 && echo 'root:x:0:0:root:/:/sbin/nologin' >rootfs/etc/passwd \
 && echo 'nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin' >>rootfs/etc/passwd \
 && echo 'root:x:0:' >rootfs/etc/group \
 && echo 'nonroot:x:65532:' >>rootfs/etc/group \
 && echo 'hosts: files dns' >rootfs/etc/nsswitch.conf
COPY tsconfig.json tsconfig.build.json LICENSE NOTICE ./
COPY operator operator
COPY webhooks webhooks
# What COPY takes has the modes of the checkout, whose umask may be any; the last stage takes nothing from there.
RUN npm run build && chmod u=rwX,go=rX package.json LICENSE NOTICE operator/cli/bin.mjs

FROM scratch
COPY --from=build /app/rootfs /
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE ./
COPY --from=build /app/operator/cli/bin.mjs operator/cli/bin.mjs
COPY --from=build /app/dist dist
# A small nursery: what a list brings is dropped at once, and a large one would be held for good (npm run bench -- restart).
ENV NODE_ENV=production NODE_OPTIONS="--disable-proto=throw --max-semi-space-size=8"
USER 65532:65532
EXPOSE 8080 10250
ENTRYPOINT ["/usr/local/bin/node", "/app/operator/cli/bin.mjs"]
CMD ["run"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Clickscribe" \
      org.opencontainers.image.description="Writes down in Git what people click together in a Kubernetes cluster" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
