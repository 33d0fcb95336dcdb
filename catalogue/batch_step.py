"""What launches a batch job as a step of a pipeline on Vertex AI, and stops it in time.

Google's launcher waits for three ends of a batch prediction job and for no other: one that scored a part of its records
(JOB_STATE_PARTIALLY_SUCCEEDED) it takes for one that still runs, until the whole run is late. A batch prediction job
has no time of its own either. So its launcher is started by this program, which knows both ends as failures, and which
cancels a job whose time is up. It reads no data and writes none.
The launcher: https://github.com/kubeflow/pipelines/blob/master/components/google-cloud/google_cloud_pipeline_components/container/v1/batch_prediction_job/launcher.py
and, for the ends, `gcp_launcher/job_remote_runner.py` beside it; the states are those of
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState
"""

from catalogue.best_trial import LAUNCHERS

STOPS = "--stop_after"
"""The argument before the seconds after which the job is cancelled. Google's launcher reads over it."""
ANSWERED = '{"outputs": {"outputFile": "/tmp/outputs.json"}}'
"""What the launcher is told as `--executor_input`, which it must be: that nothing is handed on but what lies in the
folder of the step. An output of KFP's would be a file in Cloud Storage."""
PROGRAM = f'''
import signal
import sys

from google.cloud.aiplatform_v1 import JobState
from {LAUNCHERS}.batch_prediction_job import launcher
from {LAUNCHERS}.gcp_launcher import job_remote_runner as runner


def late(*_):
    raise TimeoutError


words = sys.argv[1:]
told = dict(zip(words[::2], words[1::2]))
runner._JOB_ERROR_STATES += (JobState.JOB_STATE_PARTIALLY_SUCCEEDED, JobState.JOB_STATE_EXPIRED)
signal.signal(signal.SIGALRM, late)
signal.alarm(int(told["{STOPS}"]))
try:
    launcher.main(words)
except TimeoutError:
    job = runner.JobRemoteRunner(told["--type"], told["--project"], told["--location"], told["--gcp_resources"])
    job.send_cancel_request(job.check_if_job_exists())
    sys.exit("the batch prediction job is cancelled, for its %s seconds are up" % told["{STOPS}"])
'''
"""As text, for Google's image has it in no file."""
