# The two commands of the README, by a user without privileges, on a bare Debian 12:
#   docker build --tag dcgan .
#   docker run --rm --volume dcgan-results:/home/reader/dcgan/results dcgan make all
#   docker run --rm dcgan make test
# PyTorch is its CPU build; --build-arg TORCH= takes the default one, of 4 GB more, for NVIDIA's GPUs.
# Untried: where this file was written no images can be built. Its steps are those of make and apt-get.

FROM debian:12-slim AS system
COPY system-packages.txt /tmp/
RUN apt-get update \
    && sed 's/#.*//' /tmp/system-packages.txt | DEBIAN_FRONTEND=noninteractive \
        xargs apt-get install --yes --no-install-recommends \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --shell /bin/bash reader
USER reader

FROM system
WORKDIR /home/reader/dcgan
COPY --chown=reader . .
ARG TORCH=cpu
RUN make setup TORCH=$TORCH
CMD ["make", "all"]
