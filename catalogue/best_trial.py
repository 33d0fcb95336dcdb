"""What finds the best trial of a search for the step that reads it, on Vertex AI.

A tuning job says the final figure of each trial, and no component of Google's hands the best one on. So the launcher of
such a step asks first, with this program, and then launches the step's job as ever: it reads no data and writes none.
How a launcher is started is its source:
https://github.com/kubeflow/pipelines/blob/master/components/google-cloud/google_cloud_pipeline_components/container/v1/custom_job/launcher.py;
what a tuning job answers: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.hyperparameterTuningJobs
"""

BEST = "best-trial"
"""The folder that a step is said to read of a search: in its place the program puts the number of the best trial."""
ASKED = "--best"
"""The argument before the name of a search, of which a step reads the best trial."""
LAUNCHERS = "google_cloud_pipeline_components.container.v1"
"""Where Google's image has its launchers."""
PROGRAM = f'''
import importlib
import sys

from google.cloud import aiplatform_v1 as vertex


def best(client, parent, name):
    """The folder of the trials of a search that has ended, and the number of the best of them."""
    asked = {{"parent": parent, "filter": 'display_name="' + name + '"'}}
    found = [job.name for job in client.list_hyperparameter_tuning_jobs(request=asked)
             if job.state == vertex.JobState.JOB_STATE_SUCCEEDED]
    if len(found) != 1:
        sys.exit("found %d searches called %s that have succeeded; one is read" % (len(found), name))
    job = client.get_hyperparameter_tuning_job(name=found[0])
    metric = job.study_spec.metrics[0]
    figures = {{trial.id: said.value for trial in job.trials if trial.state == vertex.Trial.State.SUCCEEDED
               for said in trial.final_measurement.metrics if said.metric_id == metric.metric_id}}
    if not figures:
        sys.exit("no trial of %s has told its figure %s" % (name, metric.metric_id))
    maximize = metric.goal == vertex.StudySpec.MetricSpec.GoalType.MAXIMIZE
    number = (max if maximize else min)(figures, key=figures.get)
    print("the best trial of %s is %s: %s=%g" % (name, number, metric.metric_id, figures[number]))
    return job.trial_job_spec.base_output_directory.output_uri_prefix.replace("gs://", "/gcs/"), number


words, searches = sys.argv[1:], []
while words[:1] == ["{ASKED}"]:
    searches.append(words[1])
    words = words[2:]
project, location = (words[words.index(flag) + 1] for flag in ("--project", "--location"))
client = vertex.JobServiceClient(client_options={{"api_endpoint": location + "-aiplatform.googleapis.com"}})
at = words.index("--payload") + 1
for name in searches:
    folder, number = best(client, "projects/" + project + "/locations/" + location, name)
    if folder + "{BEST}/" not in words[at]:
        sys.exit("the step reads nothing below " + folder + ", where the trials of " + name + " are")
    words[at] = words[at].replace(folder + "{BEST}/", folder + number + "/")
is_search = words[words.index("--type") + 1] == "HyperparameterTuningJob"
package = "{LAUNCHERS}." + ("hyperparameter_tuning_job" if is_search else "custom_job")
importlib.import_module(package + ".launcher").main(words)
'''
"""As text, for Google's image has it in no file."""
