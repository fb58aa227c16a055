"""Where the parts of a version are read from before it is registered: options, a file, git with DVC and GTO, MLflow.

Always true here: everything is read on the side of whoever registers, and nothing is written; a digest is counted from
content or taken from the system that counted it, never made up; one source is one module.
"""
