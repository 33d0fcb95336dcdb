"""Mutants of any resource graph, made from the clouds' own schemas and from no rule.

`changes.py` has the kinds of change, `schema.py` what the SDK takes, `survey.py` asks the pack about each mutant.
`python -m tests.mutants aws` prints those that no rule notices. `survivors/` says which may live, and why.
"""
