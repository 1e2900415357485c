"""A notebook run as a report: its parameters, its run, its page."""
