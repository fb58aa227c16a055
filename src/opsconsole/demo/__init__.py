"""The demo fleet: a seeded gateway that serves nobody, obeys a routing file and logs like a real one.

Always true here: what a line says depends on the seed, the start and the routing file alone, never on how fast the
machine is; the fleet knows nothing of the console, and the console reads its logs as it reads any others.
"""
