"""Drills: scenarios, the fleet that answers back, and a score that anybody can compute again.

Always true here: everything is a function of the scenario, the seed and what people did; nothing asks the machine for
the time, and nothing knows of HTTP.
"""
