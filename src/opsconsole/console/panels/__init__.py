"""The panels of the service view: each gives a summary for its title line and paints a body of any size."""
