"""Where the files of recorded runs are kept in the artifact bucket of a stack."""

FOLDER = "experiments/"
"""Below it lie the files that people and training jobs record with a run: plots, tables, models that are tried."""
