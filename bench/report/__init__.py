"""Turns the answers of the contenders into the page that people read."""
