"""Starts contenders, times them turn by turn, and keeps what they answered."""
