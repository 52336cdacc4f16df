# A small image of `clstm serve`: the binary with its embedded model, and the C library.
#
#   docker build -t clstm .
#   docker run --rm --read-only --cap-drop=ALL -p 127.0.0.1:8765:8765 -v ./keys:/keys:ro clstm \
#       serve --host 0.0.0.0 --api-key-file /keys

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# For `clstm --version`: the repository is not in the context. `--build-arg CLSTM_COMMIT=$(git rev-parse --short=12 HEAD)`
ARG CLSTM_COMMIT
# Build caches: after a change only what depends on it is compiled again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p clstm-cli \
    && install -D --strip target/release/clstm /out/clstm

# glibc and libgcc; no shell, no package manager; user 65532 owns no files.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="clstm" \
    org.opencontainers.image.description="Speech emotion recognition: HTTP and WebSocket service with a web page" \
    org.opencontainers.image.source="https://github.com/clstm/clstm" \
    org.opencontainers.image.licenses="(MIT OR Apache-2.0) AND CC-BY-NC-SA-4.0 AND ODbL-1.0"
# Of the code, of the crates in the binary, and of the built-in models: the default one is for non-commercial use only.
COPY LICENSE-MIT LICENSE-APACHE crates/clstm-cli/THIRD-PARTY.txt models/*.md /licenses/
COPY --from=build /out/clstm /usr/local/bin/clstm
USER 65532:65532
EXPOSE 8765
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["clstm", "healthcheck"]
ENTRYPOINT ["clstm"]
# Inside the container; `docker run -p` decides which clients can reach it.
CMD ["serve", "--host", "0.0.0.0"]
