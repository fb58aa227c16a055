"""What opsconsole costs, beside the floor or the peer it is held against: ``make bench``."""
