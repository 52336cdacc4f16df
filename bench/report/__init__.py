"""Renders the results of the systems as RESULTS.md."""
