# A stand-in for prom/prometheus, with the user and directories that
# compose.yaml expects.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends prometheus \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o nobody -g nogroup /prometheus /etc/prometheus
USER nobody
VOLUME /prometheus
ENTRYPOINT ["prometheus"]
