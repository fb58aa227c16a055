"""Drills in the daemon: the stage that a scenario is played on, and who may see what of it."""
