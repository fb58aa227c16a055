"""Other people's systems: how they are reached, how they fail, and how the configuration names them.

Always true here: nothing of this knows what is asked of a system, only how asking can end; a secret that goes along is
masked in whatever is said.
"""
