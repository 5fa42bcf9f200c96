# The last layer of every image: the pipeline's sources on an environment that one of the folders here made.
# hadolint ignore=DL3006
ARG ENVIRONMENT_IMAGE
FROM ${ENVIRONMENT_IMAGE}
COPY tinybert /opt/tinybench/tinybert
ENV PYTHONPATH=/opt/tinybench
WORKDIR /opt/tinybench
USER 10001:10001
ENTRYPOINT ["python3", "-m", "tinybert"]
