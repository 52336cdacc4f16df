"""Starts systems, times them turn by turn, and collects their results."""
