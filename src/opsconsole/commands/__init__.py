"""The command line's verbs: each module adds its words to the parser and runs them as a client of the daemon.

Always true here: stdout is data, stderr is narration; every verb ends with an exit code of errors.py.
"""
