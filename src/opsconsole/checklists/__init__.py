"""Checklists: procedures with typed steps that machines check and people decide, and the runs of them.

Always true here: a run is a fold over the journal; what it does to the world it does once, through hands that are given
to it; nothing here knows the store, the gate or the time but through them.
"""
