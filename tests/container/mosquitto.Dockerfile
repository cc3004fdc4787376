# A stand-in for eclipse-mosquitto, with the user and directories that
# compose.yaml expects.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends mosquitto \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1883 broker \
    && useradd --no-log-init --uid 1883 --gid 1883 broker \
    && install -d -o 1883 -g 1883 /mosquitto/data /mosquitto/config
VOLUME /mosquitto/data
