"""The verbs of the command, one file each, and the options they share."""
