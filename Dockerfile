# A small image of `clstm serve`: the binary, which has the model inside, and the C library it links.
#
#   docker build -t clstm .
#   docker run --rm -p 127.0.0.1:8765:8765 -v ./keys:/keys:ro clstm serve \
#       --listen 0.0.0.0:8765 --api-key-file /keys

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p clstm-cli && strip target/release/clstm

# glibc and libgcc, no shell and no package manager; user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/clstm /usr/local/bin/clstm
COPY LICENSE-MIT LICENSE-APACHE /licenses/
USER nonroot
EXPOSE 8765
ENTRYPOINT ["clstm"]
# Within the container: -p decides who reaches it.
CMD ["serve", "--listen", "0.0.0.0:8765"]
