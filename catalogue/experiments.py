"""Where the files of recorded runs are kept in the artifact bucket of a stack, and as whom on aws."""

FOLDER = "experiments/"
"""Below it lie the files that people and training jobs record with a run: plots, tables, models that are tried."""
RECORDS = "records"
"""Whose role an MLflow App acts as, after the prefix of the stack. It is no persona: nobody takes it but the App."""
