# The example's container on Amazon SageMaker: docker build --platform linux/amd64 -f examples/aws.Dockerfile -t IMAGE examples
# SageMaker starts it with the argument `serve`, and as root:
# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
FROM python:3.13-slim
WORKDIR /app
COPY __init__.py examples/__init__.py
COPY serving examples/serving
# It serves several models, too: https://docs.aws.amazon.com/sagemaker/latest/dg/build-multi-model-build-container.html
LABEL com.amazonaws.sagemaker.capabilities.multi-models=true
ENTRYPOINT ["python", "-m", "examples.serving.sagemaker"]
