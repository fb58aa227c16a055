"""What a person can set: ``opsconsole.yaml``, its defaults, its errors and its reference page."""
