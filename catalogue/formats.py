"""What a batch job scores: the words of a stack file for it, and what each platform calls them.

A word that a platform lacks has a sentence with the nearest that it has. What a record is decides what a request
carries: of a format of records many go in one, of the others a whole file does.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Transform:
    """A format as a transform job has it: the MIME type of each request, what splits a file, what joins the answers.

    TransformInput and TransformOutput, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html
    """

    content_type: str
    split: str
    assemble: str

    @property
    def whole(self) -> bool:
        """Whether a request carries a whole file."""
        return self.split == "None"


AWS: Mapping[str, Transform] = {
    # "Common data formats for inference", https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
    "csv": Transform("text/csv", "Line", "Line"),
    "jsonl": Transform("application/jsonlines", "Line", "Line"),
    "json": Transform("application/json", "None", "None"),
    "recordio": Transform("application/x-recordio-protobuf", "RecordIO", "None"),
    # Parquet as SageMaker's own algorithms call it, https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
    "parquet": Transform("application/x-parquet", "None", "None"),
    # Images, https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
    "images": Transform("application/x-image", "None", "None"),
    # TFRecord, https://github.com/aws/amazon-sagemaker-examples (sagemaker_batch_transform)
    "tf-record": Transform("application/x-tfexample", "TFRecord", "None"),
}
GCP: Mapping[str, str] = {
    # instancesFormat of InputConfig, https://cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions. The
    # answers of a model of your own are JSON lines, whatever it scores.
    "jsonl": "jsonl",
    "csv": "csv",
    "tf-record": "tf-record",
    "file-list": "file-list",
}
AZURE: Mapping[str, str] = {
    # --content-type of `mlflow models predict`, https://mlflow.org/docs/latest/cli.html
    "csv": "csv",
    "json": "json",
}

USUAL: Mapping[str, str] = {"aws": "csv", "gcp": "jsonl", "azure": "csv"}
"""What a batch job scores where its stack file does not say."""

TAKEN: Mapping[str, frozenset[str]] = {"aws": frozenset(AWS), "gcp": frozenset(GCP), "azure": frozenset(AZURE)}

LACKING: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "file-list": "a transform job reads all below a folder, and a manifest would name places that no rule sees; "
        "put the files into one folder, and say the format that they have",
    },
    "gcp": {
        "json": "Vertex AI reads one record a line; write them as jsonl",
        "parquet": "Vertex AI reads no Parquet from Cloud Storage; write it as jsonl or csv",
        "images": "Vertex AI reads no folder of images; list them in a text file, and say file-list",
        "recordio": "Vertex AI reads no RecordIO; write it as tf-record",
    },
    "azure": {
        "jsonl": "a run scores with MLflow, which reads a file as one document; write it as json",
        "parquet": "a run scores with MLflow's command, which reads no Parquet; write it as csv",
        "images": "a run scores with MLflow's command, which reads no images; write them as json",
        "tf-record": "a run scores with MLflow's command, which reads no TFRecord; write it as csv or json",
        "recordio": "a run scores with MLflow's command, which reads no RecordIO; write it as csv or json",
        "file-list": "a run scores all below a folder; put the files into one, and say the format that they have",
    },
}
"""Why a platform does not take a word, and what to do instead."""

WORDS: tuple[str, ...] = ("csv", "jsonl", "json", "parquet", "images", "tf-record", "recordio", "file-list")
"""All words, in the order in which they are told."""
