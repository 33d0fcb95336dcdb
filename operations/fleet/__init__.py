"""Hundreds of stacks in one run: bounded, resumable, split over machines, and shown on one page."""
